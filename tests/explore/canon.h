// SPDX-License-Identifier: Apache-2.0
// canon.h: when two worlds are the same.
//
// All that the future of a world depends on, as bytes, and a hash of them. Entries that nobody can
// look back to are gone by then. Timestamps are renamed by rank, because the rules only compare
// them, and all that lie at or before the earliest that somebody may still look back to are one,
// because they are compared with nothing earlier. Of the ops that are remembered only those count
// that may come again. And the two fronts are written in the order of their bytes, because nothing
// tells them apart but their device's name, which no rule looks into.
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
