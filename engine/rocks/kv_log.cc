// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/kv_log.h"

#include <algorithm>
#include <limits>

#include "engine/base/must.h"
#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

std::unexpected<Error> corrupt(std::string detail) {
  return fail(Kind::corrupt, "corrupt", std::move(detail));
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
  if (auto written = parts.kv.commit(batch); !written) return std::unexpected(written.error());
  if (auto marked = parts.mark.write(CommitNumber()); !marked) {
    return std::unexpected(marked.error());
  }
  if (auto synced = parts.mark.sync(); !synced) return std::unexpected(synced.error());
  opened.report.mark = CommitNumber();
  return opened;
}

// Does the log end where its tail says?
Result<void> check_end(const Kv& kv, const LogTail& tail) {
  if (tail.entry.thread == ThreadNumber()) return {};
  auto bytes = kv.get(KvTable::log, encode_key(tail.entry));
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return corrupt("the last commit's " + name_of(tail.entry) + " is missing");
  auto value = decode_value(tail.entry, **bytes);
  if (!value) return corrupt("the last commit's " + name_of(tail.entry) + " is damaged");
  if (value->commit != tail.last) {
    return corrupt("the log should end with commit " + std::to_string(tail.last.get()) +
                   ", but there lies commit " + std::to_string(value->commit.get()));
  }
  return {};
}

Result<void> check_mark(const Mark& mark, Opened& opened) {
  auto number = mark.read();
  if (!number) return std::unexpected(number.error());
  opened.report.mark = *number;
  if (*number && **number > opened.tail.last) {
    return corrupt("commits " + std::to_string(opened.tail.last.get() + 1) + " to " +
                   std::to_string((*number)->get()) +
                   " were acknowledged and are missing: the log was damaged or replaced");
  }
  return {};
}

Result<Opened> recover(const KvLog::Parts& parts) {
  Opened opened;
  auto tail = parts.kv.get(KvTable::meta, tail_key);
  if (!tail) return std::unexpected(tail.error());
  auto decoded = *tail ? decode_tail(**tail) : std::nullopt;
  if (!decoded) return corrupt("the log's tail record is missing or damaged");
  opened.tail = *decoded;
  opened.report.last = decoded->last;
  auto epochs = parts.kv.get(KvTable::meta, epochs_key);
  if (!epochs) return std::unexpected(epochs.error());
  auto known = *epochs ? decode_epochs(**epochs) : std::nullopt;
  if (!known) return corrupt("the store's epochs are missing or damaged");
  opened.epochs = *known;
  if (auto ended = check_end(parts.kv, opened.tail); !ended) return std::unexpected(ended.error());
  if (auto marked = check_mark(parts.mark, opened); !marked) {
    return std::unexpected(marked.error());
  }
  return opened;
}

// A store without a format: a new one, or something else's.
Result<Opened> begin(const KvLog::Parts& parts) {
  for (std::size_t table = 0; table < kv_table_count; ++table) {
    auto rows = parts.kv.scan({.table = static_cast<KvTable>(table),
                               .begin = {},
                               .end = {},
                               .rows_max = 1,
                               .bytes_max = 1});
    if (!rows) return std::unexpected(rows.error());
    if (!rows->empty()) {
      return fail(Kind::corrupt, "not_a_store", "there are rows, but no format version");
    }
  }
  auto mark = parts.mark.read();
  if (!mark) return std::unexpected(mark.error());
  if (*mark && **mark > CommitNumber()) {
    return corrupt("the store is empty, but commits up to " + std::to_string((*mark)->get()) +
                   " were acknowledged");
  }
  if (parts.access == Access::read_only) {
    return fail(Kind::not_found, "no_store", "there is no store here yet");
  }
  return create(parts);
}

Error read_only() { return {Kind::unavailable, "read_only", "the store is open for reading only"}; }

Error overloaded() { return {Kind::overloaded, "overloaded", "too much waits for the disk"}; }

std::unexpected<Error> older_format() {
  return fail(Kind::rejected, "older_format",
              "the store has an older format, or its upgrade is not finished: it can be read once "
              "it was opened for writing");
}

// Answers are never given from within the call that asked.
template <class T>
void refuse(Executor& executor, Done<Result<T>> done, Error error) {
  executor.post([done = std::move(done), error = std::move(error)]() mutable {
    done(std::unexpected(std::move(error)));
  });
}

}  // namespace

Result<std::unique_ptr<KvLog>> KvLog::open(Parts parts) {
  auto format = parts.kv.get(KvTable::meta, format_key);
  if (!format) return std::unexpected(format.error());
  bool old = false;
  if (*format) {
    const auto needed = needs_upgrade(parts.kv);
    if (!needed) return std::unexpected(needed.error());
    old = *needed;
  }
  if (old && parts.access == Access::read_only) return older_format();
  auto opened = *format ? recover(parts) : begin(parts);
  if (!opened) return std::unexpected(opened.error());
  if (old) {
    if (auto upgraded = upgrade(parts.kv, parts.told, parts.upgrade_rows); !upgraded) {
      return std::unexpected(upgraded.error());
    }
  }
  opened->report.dropped_bytes = parts.dropped_bytes;
  return std::unique_ptr<KvLog>(
      new KvLog(parts, opened->tail, opened->report, std::move(opened->epochs)));
}

KvLog::KvLog(Parts parts, LogTail tail, OpenReport report, Epochs epochs)
    : parts_(parts),
      report_(report),
      epochs_(std::move(epochs)),
      delivery_(std::make_shared<Delivery>()),
      committer_({parts.kv, parts.mark, parts.fail_stop, parts.executor}, queue_, delivery_, tail) {
  delivery_->last = tail.last;
}

KvLog::~KvLog() { delivery_->closed = true; }

void KvLog::append(Append append, Done<Result<CommitNumber>> done) {
  MUST(append.thread != ThreadNumber());
  MUST(append.entry != nullptr);
  if (parts_.access == Access::read_only) {
    return refuse<CommitNumber>(parts_.executor, std::move(done), read_only());
  }
  auto returned = queue_.push(AppendJob{std::move(append), std::move(done)});
  if (!returned) return;
  refuse<CommitNumber>(parts_.executor, std::move(std::get<AppendJob>(*returned).done),
                       overloaded());
}

void KvLog::write(std::vector<Row> rows, std::vector<ThreadNumber> erase, Done<Result<void>> done) {
  if (parts_.access == Access::read_only) {
    return refuse<void>(parts_.executor, std::move(done), read_only());
  }
  auto returned = queue_.push(WriteJob{std::move(rows), std::move(erase), std::move(done)});
  if (!returned) return;
  refuse<void>(parts_.executor, std::move(std::get<WriteJob>(*returned).done), overloaded());
}

void KvLog::follow(OnCommit on_commit) {
  MUST(!delivery_->on_commit);
  delivery_->on_commit = std::move(on_commit);
}

Result<std::vector<StoredEntry>> KvLog::read(ThreadNumber thread, Timestamp after,
                                             std::uint32_t entries_max,
                                             std::size_t bytes_max) const {
  std::vector<StoredEntry> entries;
  if (after.get() == std::numeric_limits<std::uint64_t>::max()) return entries;
  auto rows = parts_.kv.scan({.table = KvTable::log,
                              .begin = encode_key({thread, Timestamp(after.get() + 1)}),
                              .end = thread_end(thread),
                              .rows_max = entries_max,
                              .bytes_max = bytes_max});
  if (!rows) return std::unexpected(rows.error());
  entries.reserve(rows->size());
  Timestamp last = after;
  for (const auto& [key_bytes, bytes] : *rows) {
    auto key = decode_key(key_bytes);
    if (!key)
      return corrupt("a key of thread number " + std::to_string(thread.get()) + " is damaged");
    auto value = decode_value(*key, bytes);
    if (!value) return corrupt(name_of(*key) + " is damaged");
    // `after` need not be an entry's timestamp, so the first row's predecessor may lie below it.
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

Result<std::vector<std::pair<std::string, std::string>>> KvLog::scan(const Scan& scan) const {
  KvRange range{.table = kv_table(scan.table),
                .begin = scan.prefix,
                .end = scan.prefix,
                .direction = scan.direction,
                .rows_max = scan.rows_max,
                .bytes_max = std::numeric_limits<std::size_t>::max()};
  // The first key beyond all that begin so: the prefix with its last byte that can grow grown.
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
