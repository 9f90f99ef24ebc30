// SPDX-License-Identifier: Apache-2.0
// step_match.h: could these steps have become this entry?
//
// The log does not keep steps: adjacent appends merge, and a token's entry has no room for a hash.
// But the entry says of which steps it is the last, and its events are theirs. So what is sent
// again behind a restart is read against the events, text by text:
//
//   from the entry's first step    each must be found where the one before it ends
//   from its middle                somewhere in it, and up to its end if they go so far
//
// Which of several equal texts in one entry was meant can't be told, nor where in a merged text one
// step ended: there other content passes if the entry's text holds it. What was the same is always
// found the same.
#pragma once

#include <cstdint>
#include <span>

#include "engine/rules/event.h"
#include "engine/rules/step.h"

namespace lockstep {

enum class StepMatch : std::uint8_t { same, other, unknown };

// Requires: the entry holds the steps of one run from `first` up to its producer's mark, and
// `steps` are some of these, dense.
[[nodiscard]] StepMatch match_steps(const Entry& entry, std::uint64_t first,
                                    std::span<const Step> steps);

}  // namespace lockstep
