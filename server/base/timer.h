// SPDX-License-Identifier: Apache-2.0
// timer.h: one delayed call, which is cancelled with its owner.
//
// An Asio timer that has run out may already have its handler queued when it is cancelled or
// destroyed; the handler runs all the same. Here it then calls nothing.
//
// Lives on: the strand of its executor.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "engine/base/alive.h"

namespace lockstep {

class Timer {
 public:
  explicit Timer(const boost::asio::any_io_executor& executor) : timer_(executor) {}
  ~Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `task` once, never from within this call; replaces a task that was set before. The task
  // may destroy the timer.
  void after(std::chrono::steady_clock::duration delay, std::move_only_function<void()> task);
  void cancel();

 private:
  boost::asio::steady_timer timer_;
  std::optional<Alive> due_;  // of the last callback, unless it was cancelled
};

}  // namespace lockstep
