// SPDX-License-Identifier: Apache-2.0
// rebuild.cc: all that is derived from the log, made again.
//
// A table with a damaged file is dropped first, without reading it (engine/rocks/rocks_mend.h).
// Then a thread after another, each in one write: so a rebuild that is cut short leaves every
// thread either as it was or rebuilt, and is simply run again; where a table was dropped, no server
// opens the store before. The log, the settings and the rows of deleted threads are truth and stay.
// A thread whose log is damaged is left as it is, and named.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/live/entry_rows.h"
#include "engine/rocks/rocks_log.h"
#include "engine/rocks/rocks_mend.h"
#include "engine/store/keys.h"
#include "engine/store/thread_flags.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "tools/store/crash_mark_file.h"
#include "tools/store/derived.h"
#include "tools/store/reading.h"
#include "tools/store/tables.h"
#include "tools/store/writing.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

struct Account {
  std::uint64_t threads = 0;
  std::uint64_t rows = 0;
  std::vector<std::string> dropped;  // what was wrong with the tables that were begun anew
  std::vector<std::string> problems;
};

// Both copies, and its place in the feed.
std::vector<Row> rows_of_tombstone(const StampedThreadRecord& tombstone) {
  const ThreadRecord& record = tombstone.record;
  const std::string commit = keys::encode_number(tombstone.commit.get());
  const std::string key = keys::thread(record.name());
  const std::string copy = keys::deleted(record.name());
  return {{Table::threads, key, encode(key, record) + commit, Row::Stamp::none},
          {Table::meta, copy, encode(copy, record) + commit, Row::Stamp::none},
          {Table::feed, keys::feed(record.owner, tombstone.commit),
           encode(keys::feed(record.owner), FeedRow{record.name(), true}), Row::Stamp::none}};
}

class Rebuild {
 public:
  explicit Rebuild(StoreWriter& writer) : writer_(writer) {}

  // Tombstones of tables that were dropped: the log does not make them again.
  Result<void> put_back() {
    const auto kept = read_table(writer_.store(), Table::meta, std::string(rebuilding_tombstone));
    if (!kept) return std::unexpected(kept.error());
    std::vector<Row> rows;
    for (const auto& [key, value] : *kept) {
      marks_.push_back(key);
      rows.push_back(
          {Table::threads, key.substr(rebuilding_tombstone.size()), value, Row::Stamp::none});
    }
    return rows.empty() ? Result<void>() : writer_.write(std::move(rows));
  }

  // What is there already, so that it can be replaced.
  Result<void> look() {
    auto feed = read_table(writer_.store(), Table::feed);
    if (!feed) return std::unexpected(feed.error());
    for (const auto& [key, value] : *feed) {
      const auto row = decode_feed_row(key, value);
      if (row && row->removed) continue;  // a deletion is truth: its thread has no log to say so
      feed_[row ? row->thread : ThreadName()].push_back(key);
    }
    auto threads = read_table(writer_.store(), Table::threads);
    if (!threads) return std::unexpected(threads.error());
    for (const auto& [key, value] : *threads) {
      const auto row = decode_thread_record(key, value);
      if (!row || row->record.thread) continue;
      tombstones_.push_back(*row);
    }
    // Each has a copy: where only one of the two is left it makes the other again.
    auto copies = read_table(writer_.store(), Table::meta, std::string(keys::deleted_prefix));
    if (!copies) return std::unexpected(copies.error());
    for (const auto& [key, value] : *copies) {
      if (const auto row = decode_thread_record(key, value)) tombstones_.push_back(*row);
    }
    for (const StampedThreadRecord& tombstone : tombstones_) {
      deleted_.push_back(tombstone.record.number);
      placed_.insert(keys::feed(tombstone.record.owner, tombstone.commit));
    }
    return {};
  }

  Result<void> thread(ThreadNumber number) {
    next_ = std::max(next_, number.get() + 1);
    if (std::ranges::find(deleted_, number) != deleted_.end()) return {};
    CommitNumber commit;
    const auto state =
        fold_thread(writer_.log(), number, {},
                    [&](const StoredEntry& stored, const Entry& entry, const ThreadState&) {
                      if (is_boundary(entry) || commit == CommitNumber()) commit = stored.commit;
                      return true;
                    });
    if (!state) {
      account_.problems.push_back(state.error().detail);
      return {};
    }
    auto rows = rows_of_thread(number, *state, commit);
    if (!rows) return std::unexpected(rows.error());
    ++account_.threads;
    account_.rows += rows->size();
    return writer_.write(std::move(*rows));
  }

  // What belongs to no thread, and the next thread's number.
  Result<void> rest() {
    const auto row = writer_.store().get(Table::meta, keys::next_thread);
    if (!row) return std::unexpected(row.error());
    const auto known = *row ? keys::decode_number(**row) : std::nullopt;
    next_ = std::max(next_, known.value_or(1));
    std::vector<Row> rows{{Table::meta, std::string(keys::next_thread), keys::encode_number(next_),
                           Row::Stamp::none}};
    for (const StampedThreadRecord& tombstone : tombstones_) {
      std::ranges::move(rows_of_tombstone(tombstone), std::back_inserter(rows));
    }
    for (const std::string& key : feed_[ThreadName()]) {
      if (!placed_.contains(key))
        rows.push_back({Table::feed, key, std::nullopt, Row::Stamp::none});
    }
    // The last word: from here on it is a store again.
    marks_.emplace_back(rebuilding_key);
    for (const std::string& key : marks_) {
      rows.push_back({Table::meta, key, std::nullopt, Row::Stamp::none});
    }
    return writer_.write(std::move(rows));
  }

  [[nodiscard]] Account& account() { return account_; }
  [[nodiscard]] const Account& account() const { return account_; }

 private:
  using Rows = std::map<std::pair<Table, std::string>, std::optional<std::string>>;

  // Every row that is there goes, unless one comes in its place.
  Result<void> clear(Rows& rows, Table table, const std::string& prefix) const {
    const auto former = read_table(writer_.store(), table, prefix);
    if (!former) return std::unexpected(former.error());
    for (const auto& [key, value] : *former) rows[{table, key}] = std::nullopt;
    return {};
  }

  Result<std::vector<Row>> rows_of_thread(ThreadNumber number, const ThreadState& state,
                                          CommitNumber commit) {
    const ThreadName name = name_of(state);
    Rows rows;
    if (auto cleared = clear(rows, Table::views, keys::views(number)); !cleared) {
      return std::unexpected(cleared.error());
    }
    if (auto cleared = clear(rows, Table::open_runs, keys::open_runs(number)); !cleared) {
      return std::unexpected(cleared.error());
    }
    for (const std::string& key : feed_[name]) rows[{Table::feed, key}] = std::nullopt;
    for (Row& row : derived_rows({number, state, commit})) {
      rows[{row.table, row.key}] = std::move(row.value);
    }
    placed_.insert(keys::feed(state.owner, commit));
    Row quarantine = marks::clear(marks::quarantined, number);
    rows[{quarantine.table, quarantine.key}] = std::nullopt;

    std::vector<Row> result;
    for (auto& [place, value] : rows) {
      result.push_back({place.first, place.second, std::move(value), Row::Stamp::none});
    }
    return result;
  }

  StoreWriter& writer_;
  std::map<ThreadName, std::vector<std::string>> feed_;  // rows of each thread; unnamed: nobody's
  std::set<std::string> placed_;                         // the feed's rows that were made again
  std::vector<ThreadNumber> deleted_;
  std::vector<StampedThreadRecord> tombstones_;
  std::vector<std::string> marks_;  // of a rebuild that drops tables
  std::uint64_t next_ = 1;
  Account account_;
};

ExitCode say(const Account& account, const RebuildOptions& options, Terminal& terminal) {
  if (options.json) {
    std::string line = "{";
    append_field_number(line, "threads", account.threads);
    append_field_number(line, "rows", account.rows);
    append_name(line, "dropped");
    append_array(line, account.dropped,
                 [](std::string& out, const std::string& damage) { append_text(out, damage); });
    append_name(line, "problems");
    append_array(line, account.problems,
                 [](std::string& out, const std::string& problem) { append_text(out, problem); });
    terminal.print_json(line + "}\n");
  } else {
    for (const std::string& damage : account.dropped) {
      terminal.print("begun anew: " + printable(damage) + "\n");
    }
    terminal.print(counted(account.threads, "thread") + " rebuilt, " +
                   counted(account.rows, "row") + "\n");
    for (const std::string& problem : account.problems) {
      terminal.note("lockstep: left as it is: " + problem);
    }
  }
  return account.problems.empty() ? ExitCode::ok : ExitCode::failed;
}

// The store, without the tables that can't be read.
Result<std::unique_ptr<StoreWriter>> open_store(const std::string& data, Mended& mended) {
  constexpr bool rebuilds = true;
  auto writer = StoreWriter::open(data, StoreWriter::Missing::fail, rebuilds);
  const bool whole = writer && (*writer)->rocks_kv().damaged_tables().empty();
  const bool may_mend = writer || writer.error().kind == Kind::corrupt;
  if (whole || !may_mend) return writer;
  if (writer) writer->reset();
  auto dropped = drop_damaged_tables(data);
  if (!dropped) return std::unexpected(dropped.error());
  mended = std::move(*dropped);
  return StoreWriter::open(data, StoreWriter::Missing::fail, rebuilds);
}

}  // namespace

ExitCode run(const RebuildOptions& options, Terminal& terminal) {
  Mended mended;
  auto writer = open_store(options.data, mended);
  if (!writer) {
    Trouble trouble = trouble_of_opening(writer.error(), options.data);
    if (writer.error().code == "locked") {
      trouble.advice = "Stop the server on this folder first: a rebuild needs it alone.";
    }
    return terminal.fail(trouble);
  }
  const auto numbers = numbers_in_log((*writer)->kv());
  if (!numbers) return terminal.fail(trouble_of_opening(numbers.error(), options.data));
  Rebuild rebuild(**writer);
  rebuild.account().dropped = std::move(mended.damages);
  Result<void> done = rebuild.put_back();
  if (done) done = rebuild.look();
  Progress progress(terminal, (*writer)->clock(), "rebuild: thread");
  for (std::size_t at = 0; done && at < numbers->size(); ++at) {
    progress.at(at + 1, numbers->size());
    done = rebuild.thread((*numbers)[at]);
  }
  if (done) done = rebuild.rest();
  if (!done) return terminal.fail(trouble_of(done.error(), options.data));
  // Nobody is suspected any more.
  if (auto opening = OpeningFile::open(options.data)) (*opening)->clear();
  return say(rebuild.account(), options, terminal);
}

}  // namespace lockstep
