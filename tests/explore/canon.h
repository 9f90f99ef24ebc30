// SPDX-License-Identifier: Apache-2.0
// canon.h: the canonical form of a world, so that equal worlds are visited once.
//
// It is all that the world's future depends on, as bytes, and a hash of them. Entries that no front
// can look back to are gone by then. Timestamps are renamed by rank, because the rules only compare
// them; all timestamps at or before the earliest that a front may look back to are one, because
// they are compared with nothing earlier. Of the remembered ops only those count that may come
// again. The two fronts are written in the order of their bytes, because only the names of their
// devices differ, and no rule reads these.
#pragma once

#include <array>
#include <cstdint>

#include "tests/explore/world.h"

namespace lockstep::explore {

struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

// 128 bits of SHA-256 over the canonical bytes. Never zero.
[[nodiscard]] Key key_of(const World& world);

}  // namespace lockstep::explore
