// SPDX-License-Identifier: Apache-2.0
// line.h: who runs and who waits, as a person would keep count.
//
// One runs; the others wait in the order in which they came. When the running one has completed or
// was ended by a front, the next begins; when it failed or was interrupted, nobody goes on, and
// those that waited keep what they were to be given, to be sent again.
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
  // Begins at once, whoever waits.
  void pushes_in(const RunId& run);
  // The running one, or one that waits.
  void stops(const RunId& run, RunStatus status = RunStatus::stopped);
  void completes();
  void breaks(RunStatus status);  // failed or interrupted
  // The next begins, if nobody runs.
  void moves_on();

  // Where a state says otherwise, in words; empty if nowhere.
  [[nodiscard]] std::string differs_from(const ThreadState& state) const;

 private:
  std::map<RunId, RunStatus> runs_;
  std::vector<RunId> waiting_;
  std::optional<RunId> running_;
};

}  // namespace lockstep::explore
