// SPDX-License-Identifier: Apache-2.0
// kv.h: the interface of the disk below the log.
//
// Ordered tables of bytes, a batch that is written as a whole, and reads. `commit` is one step on
// purpose: a batch becomes visible to `get` and `scan` only after it is durable, so no reader on
// another thread can show a row that a power cut takes back. Two implementations: RocksDB, and a
// simulated disk that forgets, tears and fails (tests/sim).
//
// `CommitWitness` keeps the number of the last commit a second time, outside the database. A
// database that recovers to a smaller number has lost an acknowledged commit.
//
// Lives on: `commit` and the witness on the committer's thread; reads on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/store/store.h"

namespace lockstep {

// The log, then the store's tables in their order.
enum class KvTable : std::uint8_t { log, views, threads, open_runs, feed, settings, meta };
inline constexpr std::size_t kv_table_count = 7;
static_assert(kv_table_count == table_count + 1);

[[nodiscard]] constexpr KvTable kv_table(Table table) {
  return static_cast<KvTable>(static_cast<std::uint8_t>(table) + 1);
}
static_assert(kv_table(Table::views) == KvTable::views && kv_table(Table::meta) == KvTable::meta);
static_assert(kv_table(Table::threads) == KvTable::threads &&
              kv_table(Table::open_runs) == KvTable::open_runs &&
              kv_table(Table::feed) == KvTable::feed &&
              kv_table(Table::settings) == KvTable::settings);

class KvBatch {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Change {
    Kind kind;
    KvTable table;
    std::string key;
    std::string value;  // of a range: its end, the first key that stays
  };

  void put(KvTable table, std::string key, std::string value) {
    changes_.push_back({Kind::put, table, std::move(key), std::move(value)});
  }
  void erase(KvTable table, std::string key) {
    changes_.push_back({Kind::erase, table, std::move(key), {}});
  }
  void erase_range(KvTable table, std::string begin, std::string end) {
    changes_.push_back({Kind::erase_range, table, std::move(begin), std::move(end)});
  }

  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  std::vector<Change> changes_;
};

using KvRow = std::pair<std::string, std::string>;

// The rows of [begin, end), in the direction's order; an empty `end` is the end of the table. A
// scan stops after `rows_max` rows, or with the row that brings it to `bytes_max`: so it returns at
// least one row, if there is one.
struct KvRange {
  KvTable table = KvTable::log;
  std::string begin = {};
  std::string end = {};
  Direction direction = Direction::forward;
  std::uint32_t rows_max = 0;
  std::size_t bytes_max = 0;
};

class Kv {
 public:
  virtual ~Kv() = default;

  // Writes the whole batch: durable first, then visible. Changes of the same key take effect in
  // their order. After an error the content of the disk is unknown: the caller must stop
  // (fail_stop.h).
  [[nodiscard]] virtual Result<void> commit(const KvBatch& batch) = 0;

  // Fail with `corrupt` or `unavailable`.
  [[nodiscard]] virtual Result<std::optional<std::string>> get(KvTable table,
                                                               std::string_view key) const = 0;
  [[nodiscard]] virtual Result<std::vector<KvRow>> scan(const KvRange& range) const = 0;

  [[nodiscard]] virtual StoreMemory memory() const { return {}; }

  // Called every `rest_look_seconds`, between commits: gives back memory that was hardly used since
  // the last call. It must not keep a commit waiting.
  virtual void rest() {}
};

class CommitWitness {
 public:
  virtual ~CommitWitness() = default;

  // The greatest number that was written; nothing if none ever was. Fails with `corrupt` if the
  // stored number can't be read.
  [[nodiscard]] virtual Result<std::optional<CommitNumber>> read() const = 0;
  // Hands the number to the operating system: it survives the process, but not yet a power cut.
  [[nodiscard]] virtual Result<void> write(CommitNumber number) = 0;
  // From here on it survives a power cut too.
  [[nodiscard]] virtual Result<void> sync() = 0;
};

}  // namespace lockstep
