// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/kv_log.h"

#include <algorithm>
#include <limits>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

std::unexpected<Error> corrupt(std::string detail) {
  return fail(Kind::corrupt, codes::corrupt, std::move(detail));
}

std::string name_of(LogKey key) {
  return "entry " + std::to_string(key.at.get()) + " of thread number " +
         std::to_string(key.thread.get());
}

struct Opened {
  LogTail tail;
  Epochs epochs;
  OpenReport report;
};

// The first commit of a store: its format, its epoch, an empty tail.
Result<Opened> create(const KvLog::Parts& parts) {
  Opened opened;
  opened.report.created = true;
  opened.epochs.current = Epoch(parts.random.next());
  KvBatch batch;
  batch.put(KvTable::meta, std::string(format_key), encode_number(log_format_version));
  batch.put(KvTable::meta, std::string(epochs_key), encode_epochs(opened.epochs));
  batch.put(KvTable::meta, std::string(tail_key), encode_tail(opened.tail));
  TRY(parts.kv.commit(batch));
  TRY(parts.witness.write(CommitNumber()));
  TRY(parts.witness.sync());
  opened.report.witness = CommitNumber();
  return opened;
}

// Does the log end at the entry that its tail record names?
Result<void> check_end(const Kv& kv, const LogTail& tail) {
  // The last commit wrote no entry, or its entry was erased: the witness alone bounds the end.
  if (tail.entry.thread == ThreadNumber()) return {};
  TRY_LET(bytes, kv.get(KvTable::log, encode_key(tail.entry)));
  if (!bytes) return corrupt("the last commit's " + name_of(tail.entry) + " is missing");
  auto value = decode_value(tail.entry, *bytes);
  if (!value) return corrupt("the last commit's " + name_of(tail.entry) + " is damaged");
  if (value->commit != tail.last) {
    return corrupt("the log should end with commit " + std::to_string(tail.last.get()) +
                   ", but its last entry has commit " + std::to_string(value->commit.get()));
  }
  return {};
}

Result<void> check_witness(const CommitWitness& witness, Opened& opened) {
  TRY_LET(number, witness.read());
  opened.report.witness = number;
  if (number && *number > opened.tail.last) {
    return corrupt("commits " + std::to_string(opened.tail.last.get() + 1) + " to " +
                   std::to_string(number->get()) +
                   " were acknowledged and are missing: the log was damaged or replaced");
  }
  return {};
}

Result<Opened> recover(const KvLog::Parts& parts) {
  Opened opened;
  TRY_LET(tail, parts.kv.get(KvTable::meta, tail_key));
  auto decoded = tail ? decode_tail(*tail) : std::nullopt;
  if (!decoded) return corrupt("the log's tail record is missing or damaged");
  opened.tail = *decoded;
  opened.report.last = decoded->last;
  TRY_LET(epochs, parts.kv.get(KvTable::meta, epochs_key));
  auto known = epochs ? decode_epochs(*epochs) : std::nullopt;
  if (!known) return corrupt("the store's epochs are missing or damaged");
  opened.epochs = *known;
  TRY(check_end(parts.kv, opened.tail));
  TRY(check_witness(parts.witness, opened));
  return opened;
}

// A database without a format number: either a new store, or another program's database.
Result<Opened> begin(const KvLog::Parts& parts) {
  for (std::size_t table = 0; table < kv_table_count; ++table) {
    TRY_LET(rows, parts.kv.scan({.table = static_cast<KvTable>(table),
                                 .begin = {},
                                 .end = {},
                                 .rows_max = 1,
                                 .bytes_max = 1}));
    if (!rows.empty()) {
      return fail(Kind::corrupt, codes::not_a_store,
                  "the database has rows, but no format version of ours");
    }
  }
  TRY_LET(witness, parts.witness.read());
  if (witness && *witness > CommitNumber()) {
    return corrupt("the store is empty, but commits up to " + std::to_string(witness->get()) +
                   " were acknowledged");
  }
  if (parts.access == Access::read_only) {
    return fail(Kind::not_found, codes::no_store,
                "there is no store here yet: name the folder of a store");
  }
  return create(parts);
}

Error read_only() {
  return {Kind::unavailable, codes::read_only, "the store is open for reading only"};
}

Error overloaded() {
  return {Kind::overloaded, codes::overloaded, "too many writes wait for the disk: try again"};
}

std::unexpected<Error> older_format() {
  return fail(Kind::rejected, codes::older_format,
              "the store has an older format, or its upgrade is not finished: "
              "start the server once to upgrade it");
}

// A caller never gets its answer from within its own call.
template <class T>
void refuse(Executor& executor, Done<Result<T>> done, Error error) {
  executor.post([done = std::move(done), error = std::move(error)]() mutable {
    done(std::unexpected(std::move(error)));
  });
}

}  // namespace

Result<std::unique_ptr<KvLog>> KvLog::open(Parts parts) {
  TRY_LET(format, parts.kv.get(KvTable::meta, format_key));
  bool old = false;
  if (format) {
    TRY_LET(needed, needs_upgrade(parts.kv));
    old = needed;
  }
  if (old && parts.access == Access::read_only) return older_format();
  TRY_LET(opened, format ? recover(parts) : begin(parts));
  if (old) {
    TRY(upgrade(parts.kv, parts.told, parts.upgrade_rows));
  }
  opened.report.dropped_bytes = parts.dropped_bytes;
  return std::unique_ptr<KvLog>(
      new KvLog(parts, opened.tail, opened.report, std::move(opened.epochs)));
}

KvLog::KvLog(Parts parts, LogTail tail, OpenReport report, Epochs epochs)
    : parts_(parts),
      report_(report),
      epochs_(std::move(epochs)),
      delivery_(std::make_shared<Delivery>()),
      committer_({parts.kv, parts.witness, parts.fail_stop, parts.executor}, queue_, delivery_,
                 tail) {
  MUST(report_.last == tail.last);
  MUST(!report_.witness || *report_.witness <= tail.last);
  delivery_->last = tail.last;
}

KvLog::~KvLog() { delivery_->closed = true; }

void KvLog::append(Append append, Done<Result<CommitNumber>> done) {
  MUST(append.thread != ThreadNumber());  // in the tail record 0 means: no entry
  MUST(append.entry != nullptr);
  MUST(append.entry->at > append.expected);
  if (parts_.access == Access::read_only) {
    return refuse<CommitNumber>(parts_.executor, std::move(done), read_only());
  }
  auto returned = queue_.push(AppendJob{std::move(append), std::move(done)});
  if (!returned) return;
  refuse<CommitNumber>(parts_.executor, std::move(std::get<AppendJob>(*returned).done),
                       overloaded());
}

void KvLog::write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
                  Done<Result<void>> done) {
  if (parts_.access == Access::read_only) {
    return refuse<void>(parts_.executor, std::move(done), read_only());
  }
  auto returned = queue_.push(WriteJob{std::move(rows), std::move(erase), std::move(done)});
  if (!returned) return;
  refuse<void>(parts_.executor, std::move(std::get<WriteJob>(*returned).done), overloaded());
}

void KvLog::follow(OnCommit on_commit) {
  MUST(on_commit && !delivery_->on_commit);
  delivery_->on_commit = std::move(on_commit);
}

Result<std::vector<StoredEntry>> KvLog::read(ThreadNumber thread, Timestamp after,
                                             std::uint32_t entries_max,
                                             std::size_t bytes_max) const {
  std::vector<StoredEntry> entries;
  if (after.get() == std::numeric_limits<std::uint64_t>::max()) return entries;
  TRY_LET(rows, parts_.kv.scan({.table = KvTable::log,
                                .begin = encode_key({thread, Timestamp(after.get() + 1)}),
                                .end = thread_end(thread),
                                .rows_max = entries_max,
                                .bytes_max = bytes_max}));
  MUST(rows.size() <= entries_max);
  entries.reserve(rows.size());
  Timestamp last = after;
  for (const auto& [key_bytes, bytes] : rows) {
    auto key = decode_key(key_bytes);
    if (!key)
      return corrupt("a key of thread number " + std::to_string(thread.get()) + " is damaged");
    auto value = decode_value(*key, bytes);
    if (!value) return corrupt(name_of(*key) + " is damaged");
    // `after` need not be an entry's timestamp, so the entry before the first row may lie below it.
    bool follows = entries.empty() ? value->previous <= last : value->previous == last;
    if (!follows) return corrupt("the entry before " + name_of(*key) + " is missing");
    entries.push_back({key->at, value->commit, std::string(value->body)});
    last = key->at;
  }
  return entries;
}

Result<std::optional<std::string>> KvLog::get(Table table, std::string_view key) const {
  return parts_.kv.get(kv_table(table), key);
}

// A scan has no bound in bytes: callers page through a table and take a page with fewer rows than
// `rows_max` for the last one, so a bound in bytes would end their reading early, without an error.
// Only `views` has large rows, and a thread's snapshot is loaded whole anyway.
Result<std::vector<std::pair<std::string, std::string>>> KvLog::scan(const Scan& scan) const {
  KvRange range{.table = kv_table(scan.table),
                .begin = scan.prefix,
                .end = scan.prefix,
                .direction = scan.direction,
                .rows_max = scan.rows_max,
                .bytes_max = std::numeric_limits<std::size_t>::max()};
  // The first key behind all keys with this prefix: drop the bytes 0xff at the prefix's end, then
  // add 1 to its last byte.
  while (!range.end.empty() && range.end.back() == '\xff') range.end.pop_back();
  if (!range.end.empty()) ++range.end.back();
  if (!scan.after.empty()) {
    if (scan.direction == Direction::forward) {
      range.begin = std::max(range.begin, scan.after + '\0');
    } else if (range.end.empty() || scan.after < range.end) {
      range.end = scan.after;
    }
  }
  return parts_.kv.scan(range);
}

}  // namespace lockstep
