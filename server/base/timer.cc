// SPDX-License-Identifier: Apache-2.0
#include "server/base/timer.h"

#include <utility>

namespace lockstep {

void Timer::after(std::chrono::steady_clock::duration delay, std::move_only_function<void()> task) {
  due_.emplace();
  timer_.expires_after(delay);
  timer_.async_wait(
      [due = due_->guard(std::move(task))](const boost::system::error_code& error) mutable {
        if (!error) due();
      });
}

void Timer::cancel() {
  due_.reset();
  timer_.cancel();
}

}  // namespace lockstep
