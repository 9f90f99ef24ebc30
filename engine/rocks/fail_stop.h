// SPDX-License-Identifier: Apache-2.0
// fail_stop.h: the end, when the disk has failed.
//
// After a write or a flush that failed nobody knows what is on the disk, and asking again does not
// tell: the kernel may have dropped the pages. So the process stops without acknowledging anything,
// and the next start recovers from what is really there. The binary's action logs a line and exits;
// a test's takes a note, and then nothing is acknowledged any more.
//
// Lives on: any thread; the action runs once, on the thread that saw the failure first.
#pragma once

#include <atomic>
#include <functional>
#include <string>

namespace lockstep {

class FailStop {
 public:
  using Action = std::move_only_function<void(std::string reason)>;

  explicit FailStop(Action action) : action_(std::move(action)) {}
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
