// SPDX-License-Identifier: Apache-2.0
// offload.h: runs long work on another thread, so that it does not block the strand.
//
// Work takes values and leaves values: it shares nothing that the strand changes. An engine without
// an offload does all work on the strand, with the same results; only the other inputs wait longer.
#pragma once

#include "engine/base/executor.h"

namespace lockstep {

class Offload {
 public:
  virtual ~Offload() = default;
  // Calls `work` on another thread, one after another, and then `then` on the strand. Calls neither
  // after this is destroyed. The thread may only read what `work` and `then` share; its last
  // reference is dropped on the strand.
  virtual void offload(Executor::Task work, Executor::Task then) = 0;
};

}  // namespace lockstep
