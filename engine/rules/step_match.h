// SPDX-License-Identifier: Apache-2.0
// step_match.h: could these steps have become this entry?
//
// The log does not keep steps: adjacent appends merge, and a hash for each token would be too long.
// But an entry has the `seq` of its last step, and its events come from its steps. So after a
// restart repeated steps (retries) are compared with the events, text by text:
//
//   from the entry's first step    each must be found where the one before it ends
//   from its middle                somewhere in it, and up to its end if they go so far
//
// The events don't tell which of several equal texts in an entry a step was, nor where in a merged
// text a step ended. So other content may pass if the entry's text contains it, but the same
// content always passes.
#pragma once

#include <cstdint>
#include <span>

#include "engine/rules/event.h"
#include "engine/rules/step.h"

namespace lockstep {

enum class StepMatch : std::uint8_t { same, other, unknown };

// Requires: the entry includes the steps of one run from `first` up to its producer's offset, and
// `steps` are some of these, without gaps.
[[nodiscard]] StepMatch match_steps(const Entry& entry, std::uint64_t first,
                                    std::span<const Step> steps);

}  // namespace lockstep
