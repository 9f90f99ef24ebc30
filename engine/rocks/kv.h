// SPDX-License-Identifier: Apache-2.0
// kv.h: all that the log needs of a disk.
//
// Ordered tables of bytes, a batch that is written as a whole, and reads. `commit` is one step on
// purpose: a batch becomes visible to `get` and `scan` only after it is durable, so no reader on
// another thread can show what a power cut takes back. Two implementations: RocksDB, and a
// simulated disk that forgets, tears and fails (tests/sim).
//
// `Mark` is the log's second witness: the commit number of the last commit, kept outside the
// database. A database that recovers to less has lost something that was acknowledged.
//
// Lives on: `commit` and the mark on the committer's thread; reads on any.
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

class KvBatch {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Change {
    Kind kind;
    KvTable table;
    std::string key;
    std::string value;  // of a range: the first key that stays
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

// The rows of [begin, end), in the direction's order; an empty `end` is the end of the table. It
// stops after `rows_max` rows, or with the row that brings it to `bytes_max`.
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

  // All of the batch, durable and then visible; in order where changes touch the same key. After an
  // error nobody knows what is on the disk: the caller has to stop.
  [[nodiscard]] virtual Result<void> commit(const KvBatch& batch) = 0;

  // Fail with `corrupt` or `unavailable`.
  [[nodiscard]] virtual Result<std::optional<std::string>> get(KvTable table,
                                                               std::string_view key) const = 0;
  [[nodiscard]] virtual Result<std::vector<KvRow>> scan(const KvRange& range) const = 0;

  [[nodiscard]] virtual StoreMemory memory() const { return {}; }

  // Called every `rest_look` seconds, between commits: memory that was hardly used since the last
  // call may go. It must not keep a commit waiting.
  virtual void rest() {}
};

class Mark {
 public:
  virtual ~Mark() = default;

  // The last number that is known to have been written; nothing if there never was one. Fails with
  // `corrupt` if there is something that can't be read.
  [[nodiscard]] virtual Result<std::optional<CommitNumber>> read() const = 0;
  // Handed to the operating system: survives the process, but not yet a power cut.
  [[nodiscard]] virtual Result<void> write(CommitNumber number) = 0;
  [[nodiscard]] virtual Result<void> sync() = 0;
};

}  // namespace lockstep
