// SPDX-License-Identifier: Apache-2.0
// upgrade_to_2.cc: from format 1 to 2.
//
// Open runs first, while their threads can still be found by the id alone; then the rows of
// threads. In format 1 a thread's key was its id, which begins with one of the letters of ids; in
// format 2 it begins with the length of the user's name, whose first byte is 0. So both can lie in
// one table, and those of format 1 are all that lie from 1 on.
//
// A row that can't be read is moved as it is, to where its owner will look for it and be told so.
// Whose it is then comes from the feed, which names every thread, or else from the thread's first
// entry.
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/rocks/limits.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/upgrade.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

constexpr const char* old_threads_begin = "\x01";

// A name whose length has a first byte of 0. Users' names have at most 128 bytes; what a store
// holds may be damaged.
bool fits_a_key(const UserId& user) {
  return !user.get().empty() && user.get().size() <= UINT8_MAX;
}

// Who owns the threads whose rows can't be read. Looked for only if there is one.
class Owners {
 public:
  explicit Owners(const Kv& kv) : kv_(kv) {}

  [[nodiscard]] Result<std::optional<UserId>> of(const ThreadId& id) {
    if (!known_) {
      if (auto read = look_into_the_feed(); !read) return std::unexpected(read.error());
      if (auto read = look_into_the_log(); !read) return std::unexpected(read.error());
      known_ = true;
    }
    const auto found = owners_.find(id);
    return found == owners_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  // A feed that can't be read helps nobody; the log may.
  Result<void> look_into_the_feed() {
    KvRange range{.table = KvTable::feed,
                  .rows_max = limits::walk_rows_max,
                  .bytes_max = limits::walk_bytes_max};
    while (true) {
      const auto rows = kv_.scan(range);
      if (!rows) return rows.error().kind == Kind::corrupt ? Result<void>() : failed(rows.error());
      if (rows->empty()) return {};
      for (const auto& [key, value] : *rows) {
        const auto row = decode_feed_row(key, value);
        if (row) owners_.insert_or_assign(row->thread.id, row->thread.owner);
      }
      range.begin = rows->back().first + '\0';
    }
  }

  Result<void> look_into_the_log() {
    KvRange range{.table = KvTable::log, .rows_max = 1, .bytes_max = 1};
    while (true) {
      const auto rows = kv_.scan(range);
      if (!rows) return rows.error().kind == Kind::corrupt ? Result<void>() : failed(rows.error());
      if (rows->empty()) return {};
      const auto key = decode_key(rows->front().first);
      if (!key) return {};
      note(*key, rows->front().second);
      range.begin = thread_end(key->thread);
    }
  }

  void note(const LogKey& key, const std::string& bytes) {
    const auto value = decode_value(key, bytes);
    if (!value) return;
    const auto entry = decode(value->body, key.at, ThreadState());
    if (entry && entry->origin) owners_.emplace(entry->origin->thread, entry->origin->owner);
  }

  static Result<void> failed(const Error& error) { return std::unexpected(error); }

  const Kv& kv_;
  std::map<ThreadId, UserId> owners_;
  bool known_ = false;
};

class Upgrade {
 public:
  explicit Upgrade(UpgradeWriter& writer) : writer_(writer), owners_(writer.kv()) {}

  Result<void> run() {
    auto done = each_row(KvTable::open_runs, {}, &Upgrade::take_open_run);
    if (done) done = each_row(KvTable::threads, old_threads_begin, &Upgrade::take_thread);
    return done;
  }

 private:
  using Take = Result<void> (Upgrade::*)(const KvRow& row, KvBatch& batch);

  Result<void> each_row(KvTable table, std::string begin, Take take) {
    KvRange range{.table = table,
                  .begin = std::move(begin),
                  .rows_max = writer_.rows_max(),
                  .bytes_max = limits::upgrade_bytes_max};
    while (true) {
      const auto rows = writer_.kv().scan(range);
      if (!rows) return std::unexpected(rows.error());
      if (rows->empty()) return {};
      KvBatch batch;
      for (const KvRow& row : *rows) {
        if (auto taken = (this->*take)(row, batch); !taken) return taken;
      }
      range.begin = rows->back().first + '\0';
      if (batch.empty()) continue;
      if (auto written = writer_.write(batch, rows->size()); !written) return written;
    }
  }

  // The owner comes into the row.
  Result<void> take_open_run(const KvRow& row, KvBatch& batch) {
    const auto& [key, value] = row;
    auto run = decode_ownerless_open_run(key, value);
    // One that can't be read quarantines its thread, by the number in its key, then as now.
    if (!run || !run->thread.owner.get().empty()) return {};
    const auto owner = owner_of(run->thread.id);
    if (!owner) return std::unexpected(owner.error());
    if (!*owner) {
      writer_.leave_row();
      return {};
    }
    run->thread.owner = **owner;
    batch.put(KvTable::open_runs, key, encode(key, *run));
    return {};
  }

  Result<std::optional<UserId>> owner_of(const ThreadId& id) {
    const auto row = writer_.kv().get(KvTable::threads, id.get());
    if (!row) return std::unexpected(row.error());
    const auto record = *row ? decode_thread_record(id.get(), **row)
                             : Result<StampedThreadRecord>(fail(Kind::not_found, "", ""));
    if (record && fits_a_key(record->record.owner)) return record->record.owner;
    return owners_.of(id);
  }

  // The row comes under its new key, and a deletion into `meta` too.
  Result<void> take_thread(const KvRow& row, KvBatch& batch) {
    const auto& [key, value] = row;
    const auto stamped = decode_thread_record(key, value);
    if (!stamped || !fits_a_key(stamped->record.owner)) return take_damaged(row, batch);
    const ThreadRecord& record = stamped->record;
    put(KvTable::threads, keys::thread(record.name()), *stamped, batch);
    if (!record.thread) put(KvTable::meta, keys::deleted(record.name()), *stamped, batch);
    batch.erase(KvTable::threads, key);
    return {};
  }

  static void put(KvTable table, std::string key, const StampedThreadRecord& row, KvBatch& batch) {
    std::string value = encode(key, row.record) + encode_number(row.commit.get());
    batch.put(table, std::move(key), std::move(value));
  }

  Result<void> take_damaged(const KvRow& row, KvBatch& batch) {
    const auto& [key, value] = row;
    const auto owner =
        is_id(key) ? owners_.of(ThreadId(key)) : Result<std::optional<UserId>>(std::nullopt);
    if (!owner) return std::unexpected(owner.error());
    if (!*owner || !fits_a_key(**owner)) {
      writer_.leave_row();
      return {};
    }
    batch.put(KvTable::threads, keys::thread({**owner, ThreadId(key)}), value);
    batch.erase(KvTable::threads, key);
    return {};
  }

  UpgradeWriter& writer_;
  Owners owners_;
};

}  // namespace

Result<void> upgrade_to_2(UpgradeWriter& writer) { return Upgrade(writer).run(); }

}  // namespace lockstep
