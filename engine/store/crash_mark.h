// SPDX-License-Identifier: Apache-2.0
// crash_mark.h: which thread was being opened when the process died.
//
// A thread whose bytes bring the engine down would bring it down again at every start. So the
// number of the thread that is being opened stands in a small mark beside the store; a start that
// finds one there quarantines that thread (a row in `meta`, durable) and serves the rest. The mark
// must outlive the process, not the machine: it is written before each opening and need not be
// synced.
//
// Lives on: the engine strand.
#pragma once

#include <optional>

#include "engine/base/ids.h"

namespace lockstep {

class OpeningMarker {
 public:
  virtual ~OpeningMarker() = default;
  // What the process before this one left behind.
  [[nodiscard]] virtual std::optional<ThreadNumber> found() const = 0;
  virtual void set(ThreadNumber thread) = 0;
  virtual void clear() = 0;
};

}  // namespace lockstep
