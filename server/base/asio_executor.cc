// SPDX-License-Identifier: Apache-2.0
#include "server/base/asio_executor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace lockstep {

void AsioExecutor::post(Task task) { boost::asio::post(context_, std::move(task)); }

void AsioExecutor::post_after(std::chrono::microseconds delay, Task task) {
  auto timer = std::make_unique<boost::asio::steady_timer>(context_, delay);
  boost::asio::steady_timer& waits = *timer;
  waits.async_wait([timer = std::move(timer),
                    task = std::move(task)](const boost::system::error_code& error) mutable {
    if (!error) task();
  });
}

bool AsioExecutor::runs_here() const { return context_.get_executor().running_in_this_thread(); }

}  // namespace lockstep
