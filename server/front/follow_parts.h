// SPDX-License-Identifier: Apache-2.0
// follow_parts.h: what a follower needs of its front.
//
// It stands alone, so that a follower can be made without a front, and a front without the names of
// the codecs.
#pragma once

#include "engine/base/memory.h"
#include "engine/live/engine.h"

namespace lockstep {

// What a follower needs of its front. All of it outlives the follower.
struct FollowParts {
  Engine& engine;
  MemoryAccount* memory;  // null: nothing is counted
  const bool& stopping;   // no run of before is waited for any more
};

}  // namespace lockstep
