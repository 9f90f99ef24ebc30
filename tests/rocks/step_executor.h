// SPDX-License-Identifier: Apache-2.0
// step_executor.h: a strand that a test steps by hand.
//
// A posted task, from any thread, waits until the test runs it. `run_until` waits for posts from
// other threads; its timeout is so long that only a bug reaches it.
//
// Lives on: the test's thread; `post` on any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/base/executor.h"
#include "engine/base/must.h"

namespace lockstep {

class StepExecutor : public Executor {
 public:
  void post(Task task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    posted_.notify_one();
  }
  // Nothing in the log waits for a time.
  void post_after(std::chrono::microseconds, Task) override { MUST(!"a log has no timers"); }
  [[nodiscard]] bool runs_here() const override { return std::this_thread::get_id() == thread_; }

  // Runs all posted tasks and the tasks that they post. Returns their number.
  std::size_t run() {
    std::size_t count = 0;
    while (auto task = next()) {
      (*task)();
      ++count;
    }
    return count;
  }

  // Runs posted tasks until `done` holds. False if no task came for too long.
  bool run_until(const std::function<bool()>& done) {
    constexpr std::chrono::seconds too_long{60};
    while (!done()) {
      if (run() > 0) continue;
      std::unique_lock lock(mutex_);
      if (!posted_.wait_for(lock, too_long, [this] { return !tasks_.empty(); })) return false;
    }
    return true;
  }

  [[nodiscard]] std::size_t waiting() {
    std::lock_guard lock(mutex_);
    return tasks_.size();
  }

 private:
  std::optional<Task> next() {
    std::lock_guard lock(mutex_);
    if (tasks_.empty()) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::thread::id thread_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;
};

}  // namespace lockstep
