// SPDX-License-Identifier: Apache-2.0
// calls_law.h: what must be true of answers, decisions, and runs that wait for them.
//
// It looks at each entry once, event by event, and knows nothing of the changes and steps that made
// it:
//
//   - A message of a run that has ended gets no word of that run's any more. Only results that the
//     engine makes, cuts, puts and notes may change it.
//   - A run begins to wait for answers once, and is resumed at most once, and only when each of its
//     calls on the path has a real result or was denied.
//   - The first decision about a call counts.
//   - A new result is of no call that waits for approval or was denied. (One that was queued before
//     the call was denied is an exception: it was on its way.)
//   - What a run was sent stays what it was.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/rules/state.h"
#include "tests/laws/oracle.h"

namespace lockstep::test {

class CallsLaw {
 public:
  // The fault of the entry in words; empty: none. `world`: the oracle's state after it.
  [[nodiscard]] std::string look(const ThreadState& before, const Entry& entry,
                                 const oracle::World& world);
  // Is this the path that the run was given at its start?
  [[nodiscard]] std::string sent(const Run& run,
                                 const std::vector<const MessageState*>& path) const;

 private:
  std::string look(const ThreadState& now, const Event& event);
  std::string resumed(const ThreadState& now, const ResumeNoted& event);
  std::string put(const ThreadState& now, const Message& message, Timestamp at);

  std::set<RunId> waited_;
  std::set<RunId> resumed_;
  std::map<RunId, std::vector<Message>> sent_;
};

}  // namespace lockstep::test
