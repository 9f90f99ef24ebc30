// SPDX-License-Identifier: Apache-2.0
// base_store.h: the real store that is damaged, and exactly what it holds.
//
// Two lives of the real engine over the real log in a folder: threads of two users with runs that
// ended, were stopped and are still open, branches, notes, a deleted thread, views and settings.
// The first life's bytes lie in SSTs; the second's partly, and its write-ahead log ends with a tail
// that no SST holds. Everything was synced, and the side file says so.
//
// What it shows is asked of the engine that wrote it, before it is closed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/damage/image.h"
#include "tests/damage/shown.h"

namespace lockstep::damage {

struct BaseStore {
  Image image;
  Image older;       // the same store, in the middle of its second life
  std::string tail;  // the path of the newest write-ahead log
  std::vector<ThreadName> threads;
  Shown shown;
  std::vector<TableShown> rows;  // by KvTable
};

// When the process died, had what was to become a table become one (`done`), or do its rows lie in
// two write-ahead logs still (`waiting`)?
enum class Flush { done, waiting };

// The longest tail behind rows that wait: with more of them, writes wait for the flush.
inline constexpr std::size_t waiting_tail_max = 32 << 10;

struct BaseAsked {
  std::string folder;      // one that is not there yet; it is left behind
  std::size_t tail_bytes;  // the newest write-ahead log has at least so many
  std::uint64_t seed = 1;
  Flush flush = Flush::done;
  bool deleted_early = false;  // one more thread is deleted, and its rows have become tables
};
[[nodiscard]] BaseStore build_base(const BaseAsked& asked);

}  // namespace lockstep::damage
