// SPDX-License-Identifier: Apache-2.0
// small_state.h: a thread that has one of everything.
//
// Messages below two roots, a path, a run that was stopped, one that runs and one that waits, a
// tombstone, a device with an op. Tests and fuzz targets of the codecs take their names from it,
// and stored test bytes were written with it: it must not change.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/rules/state.h"

namespace lockstep {

// When its last entry was.
inline constexpr Timestamp small_state_at{1'700'000'000'000'000};

[[nodiscard]] ThreadState small_state();
// The entry that follows, 20 ms later.
[[nodiscard]] Entry next_entry(std::vector<Event> events);

}  // namespace lockstep
