// SPDX-License-Identifier: Apache-2.0
// lane_host.h: a lane's calls to the engine.
//
// A lane knows one thread. It asks its host for everything that concerns all threads: their
// numbers, a user's share of memory, the runs that another process writes.
//
// Lives on: the engine strand.
#pragma once

#include <vector>

#include "engine/base/ids.h"
#include "engine/rules/event.h"
#include "engine/store/store.h"

namespace lockstep {

struct LiveThread;

// The lane calls its host never from within `push`.
class LaneHost {
 public:
  virtual ~LaneHost() = default;
  // Gives out a number, for a thread whose first entry the lane is about to append.
  virtual ThreadNumber next_number() = 0;
  // The lowest number that was not given out.
  [[nodiscard]] virtual ThreadNumber unused_number() const = 0;
  // Do the running runs of the thread's user leave room for one more that this process writes?
  [[nodiscard]] virtual bool has_room_for_run(const LiveThread& thread) const = 0;
  // The entry goes to the log; or it could not be written. The host counts the runs that it starts.
  virtual void begins(const LiveThread& thread, const Entry& entry) = 0;
  virtual void never_began(const LiveThread& thread, const Entry& entry) = 0;
  // Adds the rows that belong to several threads. Called right before the entry goes to the log, in
  // the order of the log. `last`: the entry deletes the thread.
  virtual void add_rows(const LiveThread& thread, const Entry& entry, bool last,
                        std::vector<RowWrite>& rows) = 0;
  // The entry is durable and folded; followers and waiting callers have it.
  virtual void happened(LiveThread& thread, const Entry& entry) = 0;
  // Does another process write its running run, so that the run outlives this process?
  [[nodiscard]] virtual bool outlives(const LiveThread& thread) const = 0;
  // No input waits, and no entry is in flight. This call may destroy the lane.
  virtual void idle(LiveThread& thread) = 0;
};

}  // namespace lockstep
