// SPDX-License-Identifier: Apache-2.0
#include "tools/store/reading.h"

#include "engine/base/codes.h"
#include "engine/base/executor.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/rocks_log.h"
#include "engine/rules/fold.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"

namespace lockstep {

// A read-only log posts nothing.
struct StoreReader::Strand final : Executor {
  void post(Task) override { MUST(false && "a reader has nothing to wait for"); }
  void post_after(std::chrono::microseconds, Task) override {
    MUST(false && "a reader has nothing to wait for");
  }
  [[nodiscard]] bool runs_here() const override { return true; }
};

namespace {

using VisitRow = std::function<Result<void>(const std::string& key, std::string_view value)>;

Result<void> each_thread_row(const Store& store, const VisitRow& visit) {
  Scan scan{.table = Table::threads,
            .prefix = {},
            .after = {},
            .direction = Direction::forward,
            .rows_max = limits::read_entries_max};
  while (true) {
    TRY_LET(rows, store.scan(scan));
    if (rows.empty()) return {};
    for (const auto& [key, value] : rows) {
      if (auto visited = visit(key, value); !visited) return visited;
    }
    scan.after = rows.back().first;
  }
}

// The user of the thread, if only one user has a thread with this id. Deleted threads count only if
// no other has the id.
Result<UserId> owner_of(const Store& store, const ThreadId& id) {
  std::vector<UserId> living;
  std::vector<UserId> all;
  const auto scanned = each_thread_row(store, [&](const std::string& key, std::string_view value) {
    const auto name = keys::decode_thread(key);
    if (!name || name->id != id) return Result<void>();
    all.push_back(name->owner);
    // An unreadable row counts as a living thread: opening it then reports the damage.
    const auto record = decode_thread_record(key, value);
    if (!record || record->record.thread) living.push_back(name->owner);
    return Result<void>();
  });
  if (!scanned) return std::unexpected(scanned.error());
  const std::vector<UserId>& owners = living.empty() ? all : living;
  if (owners.size() == 1) return owners.front();
  if (owners.empty()) {
    return fail(Kind::not_found, codes::unknown_thread, "there is no thread " + id.get());
  }
  std::string names;
  for (const UserId& owner : owners) names += (names.empty() ? "" : ", ") + owner.get();
  return fail(Kind::rejected, codes::ambiguous,
              "several users have a thread " + id.get() + ": " + names);
}

}  // namespace

StoreReader::StoreReader() : strand_(std::make_unique<Strand>()) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::string& data,
                                                       bool opens_damaged_tables) {
  std::unique_ptr<StoreReader> reader(new StoreReader());
  TRY_LET(rocks, RocksLog::open_read_only(
                     data, {.executor = *reader->strand_,
                            .random = reader->random_,
                            .options = {.opens_damaged_tables = opens_damaged_tables}}));
  reader->rocks_ = std::move(rocks);
  return reader;
}

const Log& StoreReader::log() const { return rocks_->log(); }
const Store& StoreReader::store() const { return rocks_->log(); }

Result<std::vector<StampedThreadRecord>> StoreReader::threads() const {
  return thread_records(store());
}

Result<ThreadRecord> StoreReader::thread(const ThreadId& id,
                                         const std::optional<UserId>& user) const {
  TRY_LET(owner, user ? Result<UserId>(*user) : owner_of(store(), id));
  const ThreadName name{owner, id};
  const std::string key = keys::thread(name);
  TRY_LET(value, store().get(Table::threads, key));
  if (!value) return fail(Kind::not_found, codes::unknown_thread, "there is no " + to_string(name));
  TRY_LET(record, decode_thread_record(key, *value));
  if (!record.record.thread) {
    return fail(Kind::gone, codes::deleted, to_string(name) + " was deleted");
  }
  return std::move(record.record);
}

Result<std::vector<StampedThreadRecord>> thread_records(const Store& store) {
  std::vector<StampedThreadRecord> records;
  const auto scanned = each_thread_row(store, [&](const std::string& key, std::string_view value) {
    auto record = decode_thread_record(key, value);
    if (!record) return Result<void>(std::unexpected(record.error()));
    records.push_back(std::move(*record));
    return Result<void>();
  });
  if (!scanned) return std::unexpected(scanned.error());
  return records;
}

Result<Entry> fold_stored(ThreadState& state, const StoredEntry& stored) {
  const auto damaged = [&](const std::string& why) {
    const std::string thread =
        state.thread.id.get().empty() ? "a thread's first entry" : to_string(name_of(state));
    return fail(Kind::corrupt, codes::corrupt,
                thread + ", entry " + std::to_string(stored.at.get()) + ": " + why);
  };
  auto entry = decode(stored.bytes, stored.at, state);
  if (!entry) return damaged(entry.error().detail);
  const std::string why = unfoldable(state, *entry);
  if (!why.empty()) return damaged(why);
  fold(state, *entry);
  return entry;
}

Result<ThreadState> fold_thread(const Log& log, ThreadNumber number, std::optional<Timestamp> to,
                                const VisitEntry& visit) {
  ThreadState state;
  while (true) {
    TRY_LET(page, log.read(number, state.now, limits::read_entries_max, limits::read_bytes_max));
    if (page.empty()) return state;
    for (const StoredEntry& stored : page) {
      if (to && stored.at > *to) return state;
      TRY_LET(entry, fold_stored(state, stored));
      if (visit && !visit(stored, entry, state)) return state;
    }
  }
}

}  // namespace lockstep
