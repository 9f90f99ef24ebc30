// SPDX-License-Identifier: Apache-2.0
// written_by_claims.h: the answer of `Agents::outlives` for runs that workers claim.
//
// Such a run outlives the process like one of kind `push`, but no time of silence ends it here: its
// worker's lease does, outside the engine.
#pragma once

#include <chrono>

namespace lockstep {

inline constexpr std::chrono::microseconds written_by_claims = std::chrono::microseconds::max();

}  // namespace lockstep
