// SPDX-License-Identifier: Apache-2.0
// timer.h: one call, later, that dies with its owner.
//
// An Asio timer that has run out may already have its handler queued when it is cancelled or
// destroyed; the handler then runs beside the corpse. Here it finds that it is no longer meant.
//
// Lives on: the strand of its executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace lockstep {

class Timer {
 public:
  explicit Timer(const boost::asio::any_io_executor& executor);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `task` once, never from within this call; a task that was set before is forgotten. The
  // task may destroy the timer.
  void after(std::chrono::steady_clock::duration delay, std::move_only_function<void()> task);
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lockstep
