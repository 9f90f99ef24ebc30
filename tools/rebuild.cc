// rebuild.cc: all that is derived from the log, made again.
//
// A thread after another, each in one write: so a rebuild that is cut short leaves every thread
// either as it was or rebuilt, and is simply run again. The log, the settings and the rows of
// deleted threads are truth and stay. A thread whose log is damaged is left as it is, and named.
#include <algorithm>
#include <map>
#include <set>

#include "engine/entry_rows.h"
#include "engine/keys.h"
#include "engine/marks.h"
#include "engine/rocks/rocks_log.h"
#include "engine/run_queue.h"
#include "engine/views.h"
#include "server/front/json_text.h"
#include "tools/printable.h"
#include "tools/reading.h"
#include "tools/tables.h"
#include "tools/verbs.h"
#include "tools/writing.h"

namespace lockstep {
namespace {

struct Account {
  std::uint64_t threads = 0;
  std::uint64_t rows = 0;
  std::vector<std::string> problems;
};

class Rebuild {
 public:
  explicit Rebuild(StoreWriter& writer) : writer_(writer) {}

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
      if (row && !row->record.thread) deleted_.push_back(row->record.number);
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
    for (const std::string& key : feed_[ThreadName()]) {
      if (!placed_.contains(key))
        rows.push_back({Table::feed, key, std::nullopt, Row::Stamp::none});
    }
    return writer_.write(std::move(rows));
  }

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
    for (Row& row : view_rows(number, state, Timestamp())) {
      rows[{row.table, row.key}] = std::move(row.value);
    }
    for (std::uint32_t run = 0; run < state.runs.size(); ++run) {
      const Run& open = state.runs[run].run;
      if (open.ended) continue;
      const std::string key = keys::open_run({number, run});
      rows[{Table::open_runs, key}] = encode(key, open_run_of(state, open));
    }
    const std::string key = keys::thread(name);
    const ThreadRecord record{name.id, number, name.owner, state.thread, state.now, state.now};
    rows[{Table::threads, key}] = encode(key, record) + keys::encode_number(commit.get());
    const std::string listed = keys::feed(state.owner, commit);
    placed_.insert(listed);
    rows[{Table::feed, listed}] = encode(keys::feed(state.owner), FeedRow{name, false});
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
  std::uint64_t next_ = 1;
  Account account_;
};

ExitCode say(const Account& account, const RebuildOptions& options, Terminal& terminal) {
  if (options.json) {
    std::string line = "{";
    append_field_number(line, "threads", account.threads);
    append_field_number(line, "rows", account.rows);
    append_name(line, "problems");
    append_array(line, account.problems,
                 [](std::string& out, const std::string& problem) { append_text(out, problem); });
    terminal.print(line + "}\n");
  } else {
    terminal.print(counted(account.threads, "thread") + " rebuilt, " +
                   counted(account.rows, "row") + "\n");
    for (const std::string& problem : account.problems) {
      terminal.note("lockstep: left as it is: " + problem);
    }
  }
  return account.problems.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

ExitCode run(const RebuildOptions& options, Terminal& terminal) {
  const auto writer = StoreWriter::open(options.data, StoreWriter::Missing::fail);
  if (!writer) {
    Trouble trouble = trouble_of(writer.error(), options.data);
    if (writer.error().code == "locked") {
      trouble.advice = "Stop the server on this folder first: a rebuild needs it alone.";
    }
    return terminal.fail(trouble);
  }
  const auto numbers = numbers_in_log((*writer)->kv());
  if (!numbers) return terminal.fail(trouble_of(numbers.error(), options.data));
  Rebuild rebuild(**writer);
  Result<void> done = rebuild.look();
  Progress progress(terminal, (*writer)->clock(), "rebuild: thread");
  for (std::size_t at = 0; done && at < numbers->size(); ++at) {
    progress.at(at + 1, numbers->size());
    done = rebuild.thread((*numbers)[at]);
  }
  if (done) done = rebuild.rest();
  if (!done) return terminal.fail(trouble_of(done.error(), options.data));
  return say(rebuild.account(), options, terminal);
}

}  // namespace lockstep
