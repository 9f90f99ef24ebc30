// SPDX-License-Identifier: Apache-2.0
// lane_host.h: what a lane asks of the engine, and tells it.
//
// A lane knows one thread. What is of all threads (their numbers, a user's share of the memory, the
// runs that go on without this process) it asks its host for.
//
// Lives on: the engine strand.
#pragma once

#include "engine/base/ids.h"
#include "engine/rules/event.h"

namespace lockstep {

struct LiveThread;

// What a lane calls upwards; never from within `push`.
class LaneHost {
 public:
  virtual ~LaneHost() = default;
  // A number for a thread whose first entry is about to be appended.
  virtual ThreadNumber next_number() = 0;
  // The first that no thread has been given.
  [[nodiscard]] virtual ThreadNumber unused_number() const = 0;
  // Is there room for a run that this process writes, beside the others of the thread's user?
  [[nodiscard]] virtual bool has_room_for_run(const LiveThread& thread) const = 0;
  // An entry with starts is on its way to the log, or could not be written.
  virtual void begins(const LiveThread& thread, const Entry& entry) = 0;
  virtual void never_began(const LiveThread& thread, const Entry& entry) = 0;
  // The entry is durable, folded, and told to followers and to those who waited for it.
  virtual void happened(LiveThread& thread, const Entry& entry) = 0;
  // Does its running run go on without this process?
  [[nodiscard]] virtual bool outlives(const LiveThread& thread) const = 0;
  // Nothing waits and nothing is in flight. The lane may be destroyed by this call.
  virtual void idle(LiveThread& thread) = 0;
};

}  // namespace lockstep
