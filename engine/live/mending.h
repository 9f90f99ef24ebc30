// SPDX-License-Identifier: Apache-2.0
// mending.h: threads that a crash has left with open runs.
//
// Their runs end `interrupted`, and nothing of such a thread is shown before that is durable. How
// many there are must not hold up a start: all else is served at once, a thread that somebody asks
// for is mended first, and the rest one after another behind what the strand has to do. Nothing
// says that a thread is mended but its own entry, so a process that dies or stops half-way leaves
// the rest to the next start.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace lockstep {

class Mending {
 public:
  // Ends the open runs of a thread; the answer comes when that is durable, or can't be done.
  using EndRuns = std::function<void(const ThreadName& thread, Done<void> done)>;

  Mending(Executor& executor, EndRuns end_runs);
  Mending(const Mending&) = delete;
  Mending& operator=(const Mending&) = delete;

  void begin(std::vector<ThreadName> threads);
  // Is the thread still to be mended?
  [[nodiscard]] bool awaits(const ThreadName& thread) const { return threads_.contains(thread); }
  [[nodiscard]] std::size_t left() const { return threads_.size(); }
  // This one first. Requires: it is still to be mended.
  void first(const ThreadName& thread, Done<void> done);
  // Begins with no other one.
  void stop() { order_.clear(); }

 private:
  struct One {
    bool begun = false;
    std::vector<Done<void>> dones;
  };
  void go_on();
  void mend(const ThreadName& thread);
  void mended(const ThreadName& thread);

  Executor& executor_;
  EndRuns end_runs_;
  std::unordered_map<ThreadName, One> threads_;
  std::deque<ThreadName> order_;  // those that nobody has asked for
  std::size_t in_flight_ = 0;
  bool scheduled_ = false;
  Alive alive_;
};

}  // namespace lockstep
