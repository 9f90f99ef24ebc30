// SPDX-License-Identifier: Apache-2.0
// offload.h: work that would hold up the strand, done beside it.
//
// Values go in and values come out: nothing that the strand changes is shared. Without one of these
// the engine does all of its work on the strand, which is the same, only later for the others.
#pragma once

#include "engine/base/executor.h"

namespace lockstep {

class Offload {
 public:
  virtual ~Offload() = default;
  // Calls `work` on another thread, one after another, and later `then` on the strand: but not any
  // more once this is destroyed. What `work` and `then` share may be read on the thread, and is
  // given up on the strand.
  virtual void offload(Executor::Task work, Executor::Task then) = 0;
};

}  // namespace lockstep
