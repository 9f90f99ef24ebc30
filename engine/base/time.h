// SPDX-License-Identifier: Apache-2.0
// time.h: the interfaces through which the engine gets time and chance.
//
// The engine never reads a system clock and never draws random numbers by itself. So a test can
// span a year and take a millisecond, and a failure repeats from its seed. The binary makes the
// real clock and the real randomness, once.
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

// The timestamp of the entry after one at `last`: the clock's time, or `last` + 1 if the clock is
// not later.
[[nodiscard]] inline Timestamp next_timestamp(Timestamp last, Timestamp clock) {
  return clock > last ? clock : Timestamp(last.get() + 1);
}

// An id made by the server: 26 characters, sortable by time (48 bits of milliseconds, 80 of chance,
// in the base 32 of Crockford, as a ULID is written).
[[nodiscard]] std::string make_id(Timestamp now, Random& random);

}  // namespace lockstep
