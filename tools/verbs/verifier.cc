// SPDX-License-Identifier: Apache-2.0
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/live/entry_rows.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/store/blob_rows.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/thread_flags.h"
#include "engine/store/thread_snapshot.h"
#include "server/base/usage_json.h"
#include "tools/store/reading.h"
#include "tools/verbs/verify.h"

namespace lockstep {
namespace {

constexpr std::size_t problems_max = 1000;  // a person reads them

// Does the stored row of an open run equal the wanted one? A row of an upgraded store lacks the
// run's agent, so its agent, start and settings are not compared; the next start ends the run.
bool says(const std::string& key, const std::string& stored, const std::string& wanted) {
  if (stored == wanted) return true;
  const auto is = decode_open_run(key, stored);
  auto should = decode_open_run(key, wanted);
  if (!is || !should || !is->agent.get().empty()) return false;
  should->agent = AgentName();
  should->started = Timestamp();
  should->settings = Hash();
  return *is == *should;
}

}  // namespace

Result<Verification> Verifier::run(std::function<void(std::uint64_t entries)> progress) {
  TRY(load());
  const LogVisitor visitor{
      .entry = [this](ThreadNumber number, const StoredEntry& stored,
                      Timestamp previous) { return entry(number, stored, previous); },
      .progress = std::move(progress)};
  TRY_LET(walk, verify_log(kv_, visitor));
  end();
  result_.threads = walk.threads;
  result_.entries = walk.entries;
  result_.bytes = walk.bytes;
  for (const LogProblem& found : walk.problems) {
    if (found.where.thread == ThreadNumber()) {
      usage_known_ = false;
      problem({"the log", {}, found.where.at, found.what});
    } else {
      usage_known_ = false;
      problem(name_of(found.where.thread), found.what, found.where.at);
    }
  }
  result_.more_problems = result_.more_problems || walk.more_problems;
  compare_tables();
  return std::move(result_);
}

bool Verifier::load(Table table, const std::string& name, TableRows& rows) {
  auto read = read_table(store_, table);
  if (!read) {
    problem(name, "can't be read: " + read.error().detail);
    return false;
  }
  rows = std::move(*read);
  return true;
}

Result<void> Verifier::load() {
  TableRows threads;
  records_known_ = load(Table::threads, "the list of threads", threads);
  for (const auto& [key, value] : threads) {
    auto row = decode_thread_record(key, value);
    if (!row) {
      const auto name = keys::decode_thread(key);
      problem("the list of threads",
              "the row of " + (name ? to_string(*name) : "no thread") + ": " + row.error().detail);
    } else if (keys::decode_thread(key) != row->record.name()) {
      problem("the list of threads",
              "the row of " + to_string(row->record.name()) + " has the key of another thread");
    } else if (!records_.emplace(row->record.number, *row).second) {
      problem("the list of threads",
              to_string(row->record.name()) + " has the number of another thread");
    }
  }
  feed_known_ = load(Table::feed, "the feed", feed_);
  open_runs_known_ = load(Table::open_runs, "the open runs", open_runs_);
  load(Table::settings, "the settings", settings_);
  TRY_LET(quarantined, thread_flags::read(store_, thread_flags::quarantined));
  for (ThreadNumber number : quarantined) {
    problem(name_of(number), "it is quarantined: the process died while it opened the thread");
  }
  return {};
}

std::optional<std::string> Verifier::entry(ThreadNumber number, const StoredEntry& stored,
                                           Timestamp previous) {
  if (!walked_ || walked_->number != number) begin(number);
  WalkedThread& walked = *walked_;
  if (walked.broken) return {};
  // A deleted thread's entries are being erased; nothing is derived from them.
  if (walked.row && !walked.row->record.thread) return {};
  if (previous != walked.state.now) {
    walked.broken = true;  // the walk itself reports the missing or damaged entry
    return {};
  }
  const auto folded = fold_stored(walked.state, stored);
  if (!folded) {
    walked.broken = true;
    return folded.error().detail;
  }
  if (is_boundary(*folded)) walked.boundary = stored.at;
  walked.blobs.merge(blobs_of(*folded));
  add(usage_, usage_of(walked.state, *folded, read_usage));
  if (!walked.row) return {};
  if (stored.at == walked.row->record.snapshot) walked.at_snapshot = walked.state;
  if (stored.at == walked.row->record.last) walked.at_last = walked.state.thread;
  return {};
}

void Verifier::begin(ThreadNumber number) {
  end();
  walked_.emplace();
  walked_->number = number;
  const auto row = records_.find(number);
  if (row != records_.end()) walked_->row = &row->second;
}

// Called after all entries of a thread.
void Verifier::end() {
  if (!walked_) return;
  const WalkedThread walked = std::move(*walked_);
  walked_.reset();
  const ThreadName name = lockstep::name_of(walked.state);
  if (walked.broken || (walked.row && !walked.row->record.thread)) {
    usage_known_ = usage_known_ && !walked.broken;
    if (walked.row) seen_.emplace(walked.row->record.name(), walked.number);
    return;
  }
  seen_.emplace(name, walked.number);
  blobs_known_.insert(walked.number);
  for (const BlobHash& blob : walked.blobs)
    result_.named.emplace(std::pair(name.owner, blob), name);
  for (const RowWrite& row : blob_rows::of(name.owner, walked.number, walked.blobs)) {
    blobs_wanted_.emplace(row.key, *row.value);
  }
  for (std::uint32_t run = 0; run < walked.state.runs.size(); ++run) {
    const Run& open = walked.state.runs[run].run;
    if (open.ended) continue;
    const std::string key = keys::open_run({walked.number, run});
    open_runs_wanted_.emplace(key, encode(key, open_run_of(walked.state, open)));
  }
  if (!walked.row) {
    if (!records_known_) return;
    return problem(NamedThread::of(name), "it has entries, but no row in the list of threads");
  }
  compare_record(walked);
  compare_snapshot(walked);
}

void Verifier::compare_record(const WalkedThread& walked) {
  const ThreadRecord& record = walked.row->record;
  const NamedThread where = NamedThread::of(record.name());
  if (record.name() != lockstep::name_of(walked.state)) {
    return problem(where, "its entries belong to " + to_string(lockstep::name_of(walked.state)));
  }
  if (!walked.at_last) {
    return problem(where, "its row was written with entry " + std::to_string(record.last.get()) +
                              ", which is not in its log");
  }
  if (*record.thread != *walked.at_last) {
    problem(where, "its row in the list differs from its log", record.last);
  }
  if (walked.boundary > record.last) {
    problem(where, "its row in the list is older than its log", walked.boundary);
  }
}

void Verifier::compare_snapshot(const WalkedThread& walked) {
  const ThreadRecord& record = walked.row->record;
  const NamedThread where = NamedThread::of(record.name());
  if (record.snapshot == Timestamp()) return;
  const auto snapshot = load_snapshot(store_, walked.number);
  if (!snapshot) return problem(where, "its snapshot: " + snapshot.error().detail, record.snapshot);
  if (!walked.at_snapshot) {
    return problem(where, "its snapshot is of an entry that is not in its log", record.snapshot);
  }
  const std::string differs = difference(*snapshot, *walked.at_snapshot);
  if (!differs.empty()) {
    problem(where, "its snapshot differs from its log: " + differs, record.snapshot);
  }
}

void Verifier::compare_tables() {
  for (const auto& [number, row] : records_) {
    if (row.record.thread && !seen_.contains(row.record.name())) {
      problem(NamedThread::of(row.record.name()),
              "it is in the list of threads, but has no entries");
    }
  }
  if (open_runs_known_) compare_open_runs();
  if (feed_known_ && records_known_) compare_feed();
  compare_settings();
  compare_blobs();
  compare_usage();
}

// Rows of threads whose entries could not all be read are left alone.
void Verifier::compare_blobs() {
  TableRows rows;
  for (const std::string_view prefix : {keys::blob_prefix, keys::named_prefix}) {
    auto read = read_table(store_, Table::meta, std::string(prefix));
    if (!read) return problem("the blobs", "can't be read: " + read.error().detail);
    rows.insert(read->begin(), read->end());
  }
  for (const auto& [key, value] : blobs_wanted_) {
    const auto row = rows.find(key);
    if (row != rows.end() && row->second == value) continue;
    const auto blob = keys::decode_blob(key);
    const auto number = blob ? std::optional(blob->thread) : keys::decode_named_thread(key);
    problem(name_of(number.value_or(ThreadNumber())), "a row of a blob that it names is missing");
  }
  for (const auto& [key, value] : rows) {
    const auto blob = keys::decode_blob(key);
    const auto number = blob ? std::optional(blob->thread) : keys::decode_named_thread(key);
    if (!number) {
      problem("the blobs", "a key is damaged");
    } else if (blobs_known_.contains(*number) && !blobs_wanted_.contains(key)) {
      problem(name_of(*number), "a row says that it names a blob, and its log does not");
    }
  }
}

void Verifier::compare_open_runs() {
  for (const auto& [key, value] : open_runs_wanted_) {
    const auto row = open_runs_.find(key);
    if (row != open_runs_.end() && says(key, row->second, value)) continue;
    const auto run = decode_open_run(key, value);
    // `end` encoded it, so it decodes.
    MUST(run.has_value());
    problem(NamedThread::of(run->thread),
            "its open run " + run->run.get() + " is not in the table of open runs");
  }
  for (const auto& [key, value] : open_runs_) {
    if (open_runs_wanted_.contains(key)) continue;
    const auto run = decode_open_run(key, value);
    problem("the open runs", run ? "run " + run->run.get() + " of " + to_string(run->thread) +
                                       " is in the table, but is not open"
                                 : "a row is damaged: " + run.error().detail);
  }
}

// Each thread has one row in its owner's feed, and the feed has no other rows.
void Verifier::compare_feed() {
  for (const auto& [number, row] : records_) {
    const std::string key = keys::feed(row.record.owner, row.commit);
    const auto place = feed_.find(key);
    const auto item = place == feed_.end() ? std::optional<FeedRow>() : [&] {
      const auto decoded = decode_feed_row(key, place->second);
      return decoded ? std::optional<FeedRow>(*decoded) : std::nullopt;
    }();
    if (!item || item->thread != row.record.name() ||
        item->removed == row.record.thread.has_value()) {
      problem(NamedThread::of(row.record.name()), "its place in the feed is missing or damaged");
    }
    if (place != feed_.end()) feed_.erase(place);
  }
  for (const auto& [key, value] : feed_) {
    const auto item = decode_feed_row(key, value);
    problem("the feed", item ? "a second row for " + to_string(item->thread)
                             : "a row is damaged: " + item.error().detail);
  }
}

void Verifier::compare_settings() {
  for (const auto& [key, bytes] : settings_) {
    const auto hash = keys::decode_settings(key);
    if (hash && *hash == sha256(bytes)) continue;
    problem("the settings", hash ? to_hex(*hash) + " are damaged" : "a key is damaged");
  }
}

void Verifier::problem(std::string where, std::string what) {
  problem({std::move(where), {}, {}, std::move(what)});
}

void Verifier::problem(const NamedThread& thread, std::string what, Timestamp at) {
  problem({to_string(thread), thread, at, std::move(what)});
}

void Verifier::problem(Finding finding) {
  if (result_.problems.size() >= problems_max) {
    result_.more_problems = true;
    return;
  }
  result_.problems.push_back(std::move(finding));
}

NamedThread Verifier::name_of(ThreadNumber number) const {
  const auto row = records_.find(number);
  if (row != records_.end()) return NamedThread::of(row->second.record.name());
  return {{}, number};
}

}  // namespace lockstep
