// SPDX-License-Identifier: Apache-2.0
// outside_runs.h: runs that another process writes, and the timeout of their writers.
//
// A run of an agent of kind `push` (its writer is another process) does not end with the server:
// the writer goes on where it was. So a start leaves the run open, if
//
//   its agent still exists, and is still of kind `push`      (agents.h)
//   the run began in this history: not before a restore, a salvage or an import
//
// The run ends `interrupted` when its writer has sent no step for longer than its agent allows,
// counted from the last step or the server's start, whichever is later. Each run has a timer that
// ticks every eighth of that time, so that a step sets no timer. The run ends after eight whole
// eighths without a step, so at most an eighth too late.
//
// The writers of an agent of kind `worker` have claimed its runs (written_by_claims.h): then the
// server ends silent runs by their leases, and no timer runs here.
//
// Lives on: the engine strand.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/ids.h"
#include "engine/rules/written_by_claims.h"

namespace lockstep {

class OutsideRuns {
 public:
  struct One {
    ThreadName thread;
    RunId run;
    std::chrono::microseconds silence_max{};
    AgentName agent{};
    std::uint32_t attempt = 1;
  };
  // Called when a writer was silent for too long, and again after the same time if the run is open.
  using Silent = std::function<void(ThreadNumber number, const One& one)>;

  OutsideRuns(Executor& executor, Silent silent);
  OutsideRuns(const OutsideRuns&) = delete;
  OutsideRuns& operator=(const OutsideRuns&) = delete;

  // Another process writes the running run of this thread.
  void begins(ThreadNumber thread, One one);
  void ends(ThreadNumber thread, const RunId& run);
  // A step was taken.
  void hears(ThreadNumber thread);
  [[nodiscard]] bool has(ThreadNumber thread) const { return runs_.contains(thread); }
  // Is it written by claims alone?
  [[nodiscard]] bool is_claimed(ThreadNumber thread) const {
    const auto found = runs_.find(thread);
    return found != runs_.end() && found->second.one.silence_max == written_by_claims;
  }

 private:
  struct Watched {
    One one;
    std::uint64_t serial = 0;   // the timer of an ended run finds another serial, and stops
    std::uint32_t eighths = 0;  // of silence
  };
  void wait(ThreadNumber thread, const Watched& watched);
  void look(ThreadNumber thread, std::uint64_t serial);

  Executor& executor_;
  Silent silent_;
  std::unordered_map<ThreadNumber, Watched> runs_;
  std::uint64_t serials_ = 0;
  Alive alive_;
};

}  // namespace lockstep
