// SPDX-License-Identifier: Apache-2.0
// spoil.h: damages one row of one thread through the database itself.
//
// To RocksDB the row is good: only Lockstep's own checksums and seals can find the damage.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep::damage {

struct Spoil {
  std::string data;                // the folder of a store that no process has open
  std::string thread;              // its id, of any user
  KvTable table = KvTable::views;  // or the log: then its last entry
};

// Flips a bit of a row of the thread. Fails with `not_found`, or as the store fails.
[[nodiscard]] Result<void> spoil(const Spoil& what);

}  // namespace lockstep::damage
