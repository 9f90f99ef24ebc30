// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/line.h"

#include <algorithm>

namespace lockstep::explore {

Line::Line(const ThreadState& before) {
  for (std::size_t number = 0; number < before.runs.size(); ++number) {
    const Run& run = before.runs[number].run;
    runs_[run.id] = run.status;
    if (run.status == RunStatus::queued) waiting_.push_back(run.id);
    if (run.status == RunStatus::running) running_ = run.id;
  }
}

void Line::comes(const RunId& run) {
  runs_[run] = RunStatus::queued;
  waiting_.push_back(run);
}

void Line::pushes_in(const RunId& run) {
  if (running_) runs_[*running_] = RunStatus::stopped;
  runs_[run] = RunStatus::running;
  running_ = run;
}

void Line::stops(const RunId& run, RunStatus status) {
  runs_[run] = status;
  std::erase(waiting_, run);
  if (running_ == run) running_.reset();
}

void Line::completes() {
  runs_[*running_] = RunStatus::completed;
  running_.reset();
}

void Line::breaks(RunStatus status) {
  runs_[*running_] = status;
  running_.reset();
  for (const RunId& run : waiting_) runs_[run] = RunStatus::interrupted;
  waiting_.clear();
}

void Line::moves_on() {
  if (running_ || waiting_.empty()) return;
  running_ = waiting_.front();
  runs_[*running_] = RunStatus::running;
  waiting_.erase(waiting_.begin());
}

std::string Line::differs_from(const ThreadState& state) const {
  if (state.runs.size() != runs_.size()) return "there is another number of runs";
  for (const auto& [id, status] : runs_) {
    const RunState* row = state.run(id);
    if (!row || row->run.status != status) return "run " + id.get() + " stands otherwise";
    // A run that never started keeps its input, unless a front stopped it.
    const bool keeps = !row->run.started && status != RunStatus::stopped;
    if (keeps == row->run.input.empty()) return "run " + id.get() + " has another input";
  }
  return {};
}

}  // namespace lockstep::explore
