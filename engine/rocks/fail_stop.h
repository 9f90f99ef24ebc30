// SPDX-License-Identifier: Apache-2.0
// fail_stop.h: stops the process when the disk has failed.
//
// After a failed write or flush the content of the disk is unknown, and a retry does not tell: the
// kernel may have dropped the pages. So the process stops without acknowledging anything, and the
// next start recovers what is really on the disk. The server's action logs a line and exits; a
// test's action only notes the failure, and then nothing is acknowledged any more.
//
// Lives on: any thread; the action runs once, on the thread that reports the first failure.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "engine/base/must.h"

namespace lockstep {

class FailStop {
 public:
  using Action = std::move_only_function<void(std::string reason)>;

  explicit FailStop(Action action) : action_(std::move(action)) { MUST(action_); }
  FailStop(const FailStop&) = delete;
  FailStop& operator=(const FailStop&) = delete;

  void stop(std::string reason) {
    if (!happened_.exchange(true)) action_(std::move(reason));
  }
  [[nodiscard]] bool happened() const { return happened_.load(); }

 private:
  std::atomic<bool> happened_ = false;
  Action action_;
};

}  // namespace lockstep
