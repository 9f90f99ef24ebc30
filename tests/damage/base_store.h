// SPDX-License-Identifier: Apache-2.0
// base_store.h: makes the real store that the trials damage, and records what it shows.
//
// The real engine writes it in two lives, on the real log in a folder: threads of two users, with
// runs that ended, were stopped and are still open, branches, notes, a deleted thread, snapshots
// and settings. The bytes of the first life are in SSTs, those of the second partly; its
// write-ahead log ends with a tail that no SST has. Everything was synced, and the file `commits`
// has the last number.
//
// The expected content is read from the engine that wrote the store, before that engine closes.
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

// Did the flush to a table end before the process died (`done`), or are its rows still in two
// write-ahead logs (`waiting`)?
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
