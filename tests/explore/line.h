// SPDX-License-Identifier: Apache-2.0
// line.h: the queue of runs, as a person would keep it.
//
// One run runs; the others wait in the order in which they came. When the running one completes, or
// a front ends it, the next one begins. If it fails or is interrupted, no other run begins, and the
// waiting ones keep their input, to be sent again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/state.h"

namespace lockstep::explore {

class Line {
 public:
  explicit Line(const ThreadState& before);

  [[nodiscard]] bool busy() const { return running_ || !waiting_.empty(); }
  void comes(const RunId& run);
  // Begins at once, also if others wait.
  void pushes_in(const RunId& run);
  // The running one, or one that waits.
  void stops(const RunId& run, RunStatus status = RunStatus::stopped);
  void completes();
  void breaks(RunStatus status);  // failed or interrupted
  // The next begins, if no run is running.
  void moves_on();

  // Describes the first difference to a state; empty if they agree.
  [[nodiscard]] std::string differs_from(const ThreadState& state) const;

 private:
  std::map<RunId, RunStatus> runs_;
  std::vector<RunId> waiting_;
  std::optional<RunId> running_;
};

}  // namespace lockstep::explore
