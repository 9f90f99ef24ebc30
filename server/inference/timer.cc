// SPDX-License-Identifier: Apache-2.0
#include "server/inference/timer.h"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <utility>

namespace lockstep {

struct Timer::State {
  explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}

  boost::asio::steady_timer timer;
  std::uint64_t meant = 0;  // the call that is meant; others come too late
  std::move_only_function<void()> task;
};

Timer::Timer(const boost::asio::any_io_executor& executor)
    : state_(std::make_shared<State>(executor)) {}

Timer::~Timer() { cancel(); }

void Timer::after(std::chrono::steady_clock::duration delay, std::move_only_function<void()> task) {
  const std::uint64_t number = ++state_->meant;
  state_->task = std::move(task);
  state_->timer.expires_after(delay);
  state_->timer.async_wait([state = state_, number](const boost::system::error_code& error) {
    if (error || state->meant != number) return;
    ++state->meant;
    std::move_only_function<void()> due = std::exchange(state->task, {});
    due();
  });
}

void Timer::cancel() {
  ++state_->meant;
  state_->task = {};
  state_->timer.cancel();
}

}  // namespace lockstep
