// SPDX-License-Identifier: Apache-2.0
// upgrade_to_2.cc: from format 1 to 2.
//
// Open runs come first, while their threads can still be found by the id alone; then the rows of
// threads. In format 1 a thread's key was its id, whose first byte is a character of ids; in format
// 2 the key begins with the length of the user's name, whose first byte is 0. So both forms can be
// in one table, and all keys whose first byte is not 0 are of format 1.
//
// A row that can't be read is moved unchanged to the key under which its owner will ask for it, and
// is then told that it is damaged. The owner comes from the feed, which names every thread, or else
// from the thread's first entry.
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/try.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/upgrade.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

constexpr const char* old_threads_begin = "\x01";

static_assert(limits::id_bytes_max <= UINT8_MAX, "no user's new key looks like an old one");

// Is the first byte of the name's length 0? Users' names have at most 128 bytes, but a stored name
// may be damaged.
bool fits_a_key(const UserId& user) {
  return !user.get().empty() && user.get().size() <= UINT8_MAX;
}

// The owners of threads whose rows can't be read. Read only when the first such row is found.
class Owners {
 public:
  explicit Owners(const Kv& kv) : kv_(kv) {}

  [[nodiscard]] Result<std::optional<UserId>> of(const ThreadId& id) {
    if (!known_) {
      TRY(look_into_the_feed());
      TRY(look_into_the_log());
      known_ = true;
    }
    const auto found = owners_.find(id);
    return found == owners_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  // If the feed can't be read, the log may still have the owner.
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
      TRY_LET(rows, writer_.kv().scan(range));
      if (rows.empty()) return {};
      KvBatch batch;
      for (const KvRow& row : rows) {
        if (auto taken = (this->*take)(row, batch); !taken) return taken;
      }
      range.begin = rows.back().first + '\0';
      if (batch.empty()) continue;
      if (auto written = writer_.write(batch, rows.size()); !written) return written;
    }
  }

  // Writes the owner into the row.
  Result<void> take_open_run(const KvRow& row, KvBatch& batch) {
    const auto& [key, value] = row;
    auto run = decode_ownerless_open_run(key, value);
    // A row that can't be read stays: a start quarantines its thread, by the number in the key.
    if (!run || !run->thread.owner.get().empty()) return {};
    TRY_LET(owner, owner_of(run->thread.id));
    if (!owner) {
      writer_.leave_row();
      return {};
    }
    run->thread.owner = *owner;
    batch.put(KvTable::open_runs, key, encode(key, *run));
    return {};
  }

  Result<std::optional<UserId>> owner_of(const ThreadId& id) {
    TRY_LET(row, writer_.kv().get(KvTable::threads, id.get()));
    const auto record =
        row ? decode_thread_record(id.get(), *row)
            : Result<StampedThreadRecord>(fail(Kind::not_found, codes::not_found, ""));
    if (record && fits_a_key(record->record.owner)) return record->record.owner;
    return owners_.of(id);
  }

  // Moves the row to its new key, and writes a deletion into `meta` too.
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
    TRY_LET(owner,
            is_id(key) ? owners_.of(ThreadId(key)) : Result<std::optional<UserId>>(std::nullopt));
    if (!owner || !fits_a_key(*owner)) {
      writer_.leave_row();
      return {};
    }
    batch.put(KvTable::threads, keys::thread({*owner, ThreadId(key)}), value);
    batch.erase(KvTable::threads, key);
    return {};
  }

  UpgradeWriter& writer_;
  Owners owners_;
};

}  // namespace

Result<void> upgrade_to_2(UpgradeWriter& writer) { return Upgrade(writer).run(); }

}  // namespace lockstep
