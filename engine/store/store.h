// SPDX-License-Identifier: Apache-2.0
// store.h: the interface of what can be rebuilt.
//
// Tables of rows beside the log: views of threads, the list of threads, open runs, the feed, and
// the settings that runs were started with. All but `settings`, tombstones and `meta` are a cache
// of the log's fold. Rows are written only together with entries (`Append::rows`), so they are
// never ahead of the log. keys.h says what the keys are.
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

struct Row {
  // `key` and `value`: the commit number of the entry that the row travels with is appended there,
  // as 8 bytes, big-endian; it is not known before.
  enum class Stamp : std::uint8_t { none, key, value };

  Table table = Table::views;
  std::string key;
  std::optional<std::string> value;  // nothing: the row goes
  Stamp stamp = Stamp::none;
};

enum class Direction : std::uint8_t { forward, backward };

struct Scan {
  Table table = Table::views;
  std::string prefix = {};  // only keys that begin so
  std::string after =
      {};  // beyond this key, in the scan's direction; empty: from the end of the range
  Direction direction = Direction::forward;
  std::uint32_t rows_max = 0;
};

// What a store holds in memory by itself, in bytes: for whoever watches it.
struct StoreMemory {
  std::size_t unwritten = 0;  // in tables in memory, and in what is being written of them
  std::size_t cache = 0;      // of blocks that were read
  std::size_t indexes = 0;    // of tables on the disk, beside the cache
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
