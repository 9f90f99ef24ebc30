// SPDX-License-Identifier: Apache-2.0
// crash_mark.h: names the thread that the engine was opening when the process died.
//
// A thread whose bytes crash the engine would crash it again at every start. So the engine keeps
// the number of the thread that it is opening in a small file next to the store (the crash mark). A
// start that finds a mark quarantines that thread (a durable row in `meta`) and serves the rest.
// The mark must outlive the process, not the machine: it is written before each opening and need
// not be synced.
//
// Lives on: the engine strand.
#pragma once

#include <optional>

#include "engine/base/ids.h"

namespace lockstep {

class CrashMarker {
 public:
  virtual ~CrashMarker() = default;
  // The thread that the process before this one was opening when it died.
  [[nodiscard]] virtual std::optional<ThreadNumber> found() const = 0;
  virtual void set(ThreadNumber thread) = 0;
  virtual void clear() = 0;
};

}  // namespace lockstep
