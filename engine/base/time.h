// SPDX-License-Identifier: Apache-2.0
// time.h: time and chance are handed in.
//
// Nothing in the engine looks at a clock or rolls dice by itself: a test can be a year long and
// take a millisecond, and a failure can be repeated from its seed. The real ones are made once, by
// the binary.
#pragma once

#include <cstdint>

#include "engine/base/ids.h"

namespace lockstep {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970. May jump both ways; a thread's timestamps never do (`next_timestamp`).
  [[nodiscard]] virtual Timestamp now() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

// The timestamp of the entry that comes after one at `last`: the clock's, or one more than the
// last.
[[nodiscard]] inline Timestamp next_timestamp(Timestamp last, Timestamp clock) {
  return clock > last ? clock : Timestamp(last.get() + 1);
}

// An id made by the server: 26 characters, sortable by time (48 bits of milliseconds, 80 of chance,
// in the base 32 of Crockford, as a ULID is written).
[[nodiscard]] std::string make_id(Timestamp now, Random& random);

}  // namespace lockstep
