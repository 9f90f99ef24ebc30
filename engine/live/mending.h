// SPDX-License-Identifier: Apache-2.0
// mending.h: ends the open runs of threads after a crash.
//
// The runs end `interrupted`, and the engine shows such a thread only when that is durable. A start
// does not wait for it: the engine serves all other threads at once. It mends requested threads
// first, and the rest in the background, one a turn of the strand. The only record that a
// thread is mended is its own entry. So if the process dies or stops half-way, the next start mends
// the rest.
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
  // Ends the open runs of a thread, and calls `done` when that is durable, or has failed.
  using EndRuns = std::function<void(const ThreadName& thread, Done<void> done)>;

  Mending(Executor& executor, EndRuns end_runs);
  Mending(const Mending&) = delete;
  Mending& operator=(const Mending&) = delete;

  void begin(std::vector<ThreadName> threads);
  // Does the thread still need mending?
  [[nodiscard]] bool awaits(const ThreadName& thread) const { return threads_.contains(thread); }
  [[nodiscard]] std::size_t left() const { return threads_.size(); }
  // Mends this thread next. Requires: `awaits(thread)`.
  void first(const ThreadName& thread, Done<void> done);
  // Begins no further thread.
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
  std::deque<ThreadName> order_;  // to mend in the background
  std::size_t in_flight_ = 0;
  bool scheduled_ = false;
  Alive alive_;
};

}  // namespace lockstep
