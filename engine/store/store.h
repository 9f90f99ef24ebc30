// SPDX-License-Identifier: Apache-2.0
// store.h: the interface of the tables next to the log.
//
// The tables hold snapshots of threads, the list of threads, open runs, the feed, and the settings
// that runs were started with. All but `settings`, tombstones and `meta` are a cache of the log's
// fold, and can be rebuilt from it. Such a row is written in one batch with an entry
// (`Append::rows`) or with a deletion (`Log::write`), so it is never ahead of the log. keys.h
// describes the keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace lockstep {

enum class Table : std::uint8_t { views, threads, open_runs, feed, settings, meta };
inline constexpr std::size_t table_count = 6;

struct RowWrite {
  // With `key` or `value` the log appends the commit number there, as 8 bytes, big-endian: the
  // caller does not know it before the commit.
  enum class Stamp : std::uint8_t { none, key, value };

  Table table = Table::views;
  std::string key;
  std::optional<std::string> value;  // nothing: the row is deleted
  Stamp stamp = Stamp::none;
};

enum class Direction : std::uint8_t { forward, backward };

struct Scan {
  Table table = Table::views;
  std::string prefix = {};  // only keys with this prefix
  // Only keys beyond this one, in the scan's direction; empty: all.
  std::string after = {};
  Direction direction = Direction::forward;
  // A scan returns fewer rows only at the end: callers page until a short page comes.
  std::uint32_t rows_max = 0;
};

// The memory that a store holds by itself, in bytes: for the metrics.
struct StoreMemory {
  std::size_t unwritten = 0;  // tables in memory, also those that are being written to the disk
  std::size_t cache = 0;      // blocks that were read
  std::size_t indexes = 0;    // indexes of tables on the disk, outside the cache
};

class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual Result<std::optional<std::string>> get(Table table,
                                                               std::string_view key) const = 0;
  [[nodiscard]] virtual Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const = 0;
  [[nodiscard]] virtual StoreMemory memory() const { return {}; }
};

}  // namespace lockstep
