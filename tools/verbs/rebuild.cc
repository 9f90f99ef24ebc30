// SPDX-License-Identifier: Apache-2.0
// rebuild.cc: makes the data that is derived from the log again.
//
// It first drops each table with a damaged file, without reading it (engine/rocks/rocks_mend.h).
// Then it rebuilds one thread after another, each in one write: an interrupted rebuild leaves each
// thread either as it was or rebuilt, and can be run again. If it dropped a table, no server opens
// the store before a rebuild is complete. The log, the settings and the rows of deleted threads
// can't be derived, so they stay. A thread whose log is damaged stays as it is, and is named.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/live/entry_rows.h"
#include "engine/rocks/rocks_log.h"
#include "engine/rocks/rocks_mend.h"
#include "engine/store/keys.h"
#include "engine/store/thread_flags.h"
#include "engine/store/usage_partial.h"
#include "engine/store/usage_rows.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "server/base/usage_json.h"
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
  std::vector<std::string> dropped;  // the damage of each table that was dropped
  std::vector<std::string> problems;
};

// The row of a deleted thread, its copy in `meta`, and its place in the feed.
std::vector<RowWrite> rows_of_tombstone(const StampedThreadRecord& tombstone) {
  const ThreadRecord& record = tombstone.record;
  const std::string commit = keys::encode_number(tombstone.commit.get());
  const std::string key = keys::thread(record.name());
  const std::string copy = keys::deleted(record.name());
  return {{Table::threads, key, encode(key, record) + commit, RowWrite::Stamp::none},
          {Table::meta, copy, encode(copy, record) + commit, RowWrite::Stamp::none},
          {Table::feed, keys::feed(record.owner, tombstone.commit),
           encode(keys::feed(record.owner), FeedRow{record.name(), true}), RowWrite::Stamp::none}};
}

class Rebuild {
 public:
  explicit Rebuild(StoreWriter& writer) : writer_(writer) {}

  // Writes the tombstones of a dropped table back: the log can't make them again.
  Result<void> put_back() {
    TRY_LET(kept, read_table(writer_.store(), Table::meta, std::string(rebuilding_tombstone)));
    std::vector<RowWrite> rows;
    for (const auto& [key, value] : kept) {
      rebuilding_.push_back(key);
      rows.push_back(
          {Table::threads, key.substr(rebuilding_tombstone.size()), value, RowWrite::Stamp::none});
    }
    return rows.empty() ? Result<void>() : writer_.write(std::move(rows));
  }

  // Reads the rows that exist, so that they can be replaced.
  Result<void> look() {
    auto feed = read_table(writer_.store(), Table::feed);
    if (!feed) return std::unexpected(feed.error());
    for (const auto& [key, value] : *feed) {
      const auto row = decode_feed_row(key, value);
      if (row && row->removed) continue;  // a deleted thread has no log to derive this row from
      feed_[row ? row->thread : ThreadName()].push_back(key);
    }
    TRY_LET(threads, read_table(writer_.store(), Table::threads));
    for (const auto& [key, value] : threads) {
      const auto row = decode_thread_record(key, value);
      if (!row || row->record.thread) continue;
      tombstones_.push_back(*row);
    }
    // Each tombstone has a copy: if only one of the two is left, it makes the other again.
    TRY_LET(copies, read_table(writer_.store(), Table::meta, std::string(keys::deleted_prefix)));
    for (const auto& [key, value] : copies) {
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
    BlobSet blobs;
    UsageMap used;
    const auto state =
        fold_thread(writer_.log(), number, {},
                    [&](const StoredEntry& stored, const Entry& entry, const ThreadState& after) {
                      if (is_boundary(entry) || commit == CommitNumber()) commit = stored.commit;
                      blobs.merge(blobs_of(entry));
                      add(used, usage_of(after, entry, read_usage));
                      return true;
                    });
    kept_.insert(number);
    if (!state) {
      account_.problems.push_back(state.error().detail);
      return {};
    }
    add(usage_, used);
    TRY_LET(rows, rows_of_thread({number, *state, commit, std::move(blobs)}));
    ++account_.threads;
    account_.rows += rows.size();
    return writer_.write(std::move(rows));
  }

  // Writes the rows that belong to no living thread, and the next thread's number.
  Result<void> rest() {
    TRY_LET(row, writer_.store().get(Table::meta, keys::next_thread));
    const auto known = row ? keys::decode_number(*row) : std::nullopt;
    next_ = std::max(next_, known.value_or(1));
    std::vector<RowWrite> rows{{Table::meta, std::string(keys::next_thread),
                                keys::encode_number(next_), RowWrite::Stamp::none}};
    for (const StampedThreadRecord& tombstone : tombstones_) {
      std::ranges::move(rows_of_tombstone(tombstone), std::back_inserter(rows));
    }
    for (const std::string& key : feed_[ThreadName()]) {
      if (!placed_.contains(key))
        rows.push_back({Table::feed, key, std::nullopt, RowWrite::Stamp::none});
    }
    TRY(clear_blobs_of_nobody(rows));
    TRY(add_usage(rows));
    // The key `rebuilding` keeps servers from opening the store, so the last write removes it.
    rebuilding_.emplace_back(rebuilding_key);
    for (const std::string& key : rebuilding_) {
      rows.push_back({Table::meta, key, std::nullopt, RowWrite::Stamp::none});
    }
    return writer_.write(std::move(rows));
  }

  [[nodiscard]] Account& account() { return account_; }
  [[nodiscard]] const Account& account() const { return account_; }

 private:
  using Rows = std::map<std::pair<Table, std::string>, std::optional<std::string>>;

  // Marks each existing row as removed; a new row with its key replaces that.
  Result<void> clear(Rows& rows, Table table, const std::string& prefix) const {
    TRY_LET(former, read_table(writer_.store(), table, prefix));
    for (const auto& [key, value] : former) rows[{table, key}] = std::nullopt;
    return {};
  }

  // Both rows of each blob that the thread names; the one by user is found by the one by thread,
  // and a row that has lost the other in `rest`.
  Result<void> clear_blobs(Rows& rows, ThreadNumber number) const {
    TRY_LET(former, read_table(writer_.store(), Table::meta, keys::named(number)));
    for (const auto& [key, owner] : former) {
      rows[{Table::meta, key}] = std::nullopt;
      const auto hash = keys::decode_named(number, key);
      if (hash && is_id(owner)) {
        rows[{Table::meta, keys::blob({UserId(owner), *hash, number})}] = std::nullopt;
      }
    }
    return {};
  }

  // Rows of blobs whose thread has no entries any more.
  Result<void> clear_blobs_of_nobody(std::vector<RowWrite>& rows) const {
    for (const std::string_view prefix : {keys::blob_prefix, keys::named_prefix}) {
      TRY_LET(former, read_table(writer_.store(), Table::meta, std::string(prefix)));
      for (const auto& [key, value] : former) {
        const auto blob = keys::decode_blob(key);
        const auto number = blob ? std::optional(blob->thread) : keys::decode_named_thread(key);
        if (number && kept_.contains(*number)) continue;
        rows.push_back({Table::meta, key, std::nullopt, RowWrite::Stamp::none});
      }
    }
    return {};
  }

  // The row of deleted threads is damaged: what the sum has and the log does not. Zeros if the sum
  // can't be read either. Requires: `usage_` has the log alone for this key.
  UsageCounts gone_from_sum(const UsageKey& key) {
    const auto sum = read_usage_row(writer_.store(), usage_row_key(usage_prefix, key));
    const UsageCounts& log = usage_[key];
    const bool holds = sum && sum->runs >= log.runs && sum->input >= log.input &&
                       sum->cached >= log.cached && sum->output >= log.output;
    if (!holds) return {};
    UsageCounts rest = *sum;
    rest -= log;
    return rest;
  }

  // The totals of usage: what the log tells, and what is kept of deleted threads. A thread that
  // can't be read would be missing, so then they stay as they are.
  Result<void> add_usage(std::vector<RowWrite>& rows) {
    if (!account_.problems.empty()) return {};
    TRY_LET(gone, read_table(writer_.store(), Table::meta, std::string(usage_gone_prefix)));
    for (const auto& [row_key, value] : gone) {
      const auto key = decode_usage_key(usage_gone_prefix, row_key);
      if (!key) {
        rows.push_back({Table::meta, row_key, std::nullopt, RowWrite::Stamp::none});
        continue;
      }
      auto counts = decode_usage_counts(row_key, value);
      if (!counts) {
        counts = gone_from_sum(*key);
        rows.push_back(usage_row(usage_gone_prefix, *key, *counts));
      }
      usage_[*key] += *counts;
    }
    rows.push_back(
        {Table::meta, std::string(usage_partial_key), std::nullopt, RowWrite::Stamp::none});
    TRY_LET(former, read_table(writer_.store(), Table::meta, std::string(usage_prefix)));
    for (const auto& [row_key, value] : former) {
      const auto key = decode_usage_key(usage_prefix, row_key);
      if (key && usage_.contains(*key)) continue;
      rows.push_back({Table::meta, row_key, std::nullopt, RowWrite::Stamp::none});
    }
    for (const auto& [key, counts] : usage_) rows.push_back(usage_row(usage_prefix, key, counts));
    return {};
  }

  Result<std::vector<RowWrite>> rows_of_thread(const FoldedThread& thread) {
    const auto& [number, state, commit, blobs] = thread;
    const ThreadName name = name_of(state);
    Rows rows;
    TRY(clear_blobs(rows, number));
    TRY(clear(rows, Table::views, keys::snapshot(number)));
    TRY(clear(rows, Table::open_runs, keys::open_runs(number)));
    for (const std::string& key : feed_[name]) rows[{Table::feed, key}] = std::nullopt;
    for (RowWrite& row : derived_rows(thread)) {
      rows[{row.table, row.key}] = std::move(row.value);
    }
    placed_.insert(keys::feed(state.owner, commit));
    RowWrite quarantine = thread_flags::clear(thread_flags::quarantined, number);
    rows[{quarantine.table, quarantine.key}] = std::nullopt;

    std::vector<RowWrite> result;
    for (auto& [place, value] : rows) {
      result.push_back({place.first, place.second, std::move(value), RowWrite::Stamp::none});
    }
    return result;
  }

  StoreWriter& writer_;
  std::map<ThreadName, std::vector<std::string>> feed_;  // rows by thread; no name: unreadable rows
  std::set<std::string> placed_;                         // keys of the feed that were written
  std::vector<ThreadNumber> deleted_;
  std::set<ThreadNumber> kept_;  // with entries, also those that can't be read
  std::vector<StampedThreadRecord> tombstones_;
  std::vector<std::string> rebuilding_;  // keys of `rebuilding`, to be removed at the end
  UsageMap usage_;
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
      terminal.print("dropped and rebuilt: " + printable(damage) + "\n");
    }
    terminal.print(counted(account.threads, "thread") + " rebuilt, " +
                   counted(account.rows, "row") + "\n");
    for (const std::string& problem : account.problems) {
      terminal.note("lockstep: left as it is: " + problem);
    }
  }
  return account.problems.empty() ? ExitCode::ok : ExitCode::failed;
}

// Opens the store, and drops the tables that can't be read.
Result<std::unique_ptr<StoreWriter>> open_store(const std::string& data, Mended& mended) {
  constexpr bool rebuilds = true;
  auto writer = StoreWriter::open(data, StoreWriter::Missing::fail, rebuilds);
  const bool whole = writer && (*writer)->rocks_kv().damaged_tables().empty();
  const bool may_mend = writer || writer.error().kind == Kind::corrupt;
  if (whole || !may_mend) return writer;
  if (writer) writer->reset();
  TRY_LET(dropped, drop_damaged_tables(data));
  mended = std::move(dropped);
  return StoreWriter::open(data, StoreWriter::Missing::fail, rebuilds);
}

}  // namespace

ExitCode run(const RebuildOptions& options, Terminal& terminal) {
  Mended mended;
  auto writer = open_store(options.data, mended);
  if (!writer) {
    Trouble trouble = trouble_of_opening(writer.error(), options.data);
    if (writer.error().code == codes::locked) {
      trouble.advice =
          "Stop the server on this folder first: a rebuild needs the folder for itself.";
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
  // The rebuild has read every thread without a crash, so no thread is suspected any more.
  if (auto crash_mark = CrashMarkFile::open(options.data)) (*crash_mark)->clear();
  return say(rebuild.account(), options, terminal);
}

}  // namespace lockstep
