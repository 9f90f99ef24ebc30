// SPDX-License-Identifier: Apache-2.0
// outside_runs.h: runs whose writer is no part of this process.
//
// A run of an agent that is written from outside (kind `push`) does not end with the server: its
// writer goes on where it was. So a start leaves it as it is, if
//
//   its agent is still there, and still written from outside      (agents.h)
//   it began in this history: not before a restore, a salvage or an import
//
// and its silence has an end: the run of a writer that says nothing for longer than its agent
// allows is interrupted. The time counts from the later of the last step and the server's start. It
// is counted in eighths, by a timer for each run, so that a step sets none: the run ends when eight
// whole ones were silent, at the latest an eighth too late.
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

namespace lockstep {

class OutsideRuns {
 public:
  struct One {
    ThreadName thread;
    RunId run;
    std::chrono::microseconds silence_max{};
  };
  // Called when a run's writer was silent for too long, and again after as long if it goes on.
  using Silent = std::function<void(ThreadNumber number, const One& one)>;

  OutsideRuns(Executor& executor, Silent silent);
  OutsideRuns(const OutsideRuns&) = delete;
  OutsideRuns& operator=(const OutsideRuns&) = delete;

  // The running run of this thread is written from outside.
  void begins(ThreadNumber thread, One one);
  void ends(ThreadNumber thread, const RunId& run);
  // A step was taken.
  void hears(ThreadNumber thread);
  [[nodiscard]] bool has(ThreadNumber thread) const { return runs_.contains(thread); }

 private:
  struct Watched {
    One one;
    std::uint64_t serial = 0;   // a timer of a run that is over finds another
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
