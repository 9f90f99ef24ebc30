// SPDX-License-Identifier: Apache-2.0
// follow_parts.h: the dependencies of a follower.
//
// They have a header of their own, so that a test can make a follower without a front, and front.h
// need not include the codecs.
#pragma once

#include "engine/base/memory.h"
#include "engine/live/engine.h"

namespace lockstep {

// All of it outlives the follower.
struct FollowParts {
  Engine& engine;
  MemoryAccount* memory;  // null: memory is not counted
  const bool& stopping;   // the stop ends runs itself: streams then end as `shutdown`, not `done`
};

}  // namespace lockstep
