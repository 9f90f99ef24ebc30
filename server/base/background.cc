// SPDX-License-Identifier: Apache-2.0
#include "server/base/background.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "engine/base/alive.h"

namespace lockstep {
namespace asio = boost::asio;

struct Background::Inside {
  explicit Inside(asio::io_context& context) : strand(context), thread(1) {}

  asio::io_context& strand;
  asio::thread_pool thread;
  Alive alive;
};

Background::Background(asio::io_context& strand) : inside_(std::make_unique<Inside>(strand)) {}

Background::~Background() {
  inside_->thread.stop();
  inside_->thread.join();
}

void Background::offload(Executor::Task work, Executor::Task then) {
  asio::post(inside_->thread, [&strand = inside_->strand, work = std::move(work),
                               then = inside_->alive.guard(std::move(then))]() mutable {
    work();
    // Free the values of the work (a large body) here, so that the strand need not.
    work = nullptr;
    asio::post(strand, std::move(then));
  });
}

}  // namespace lockstep
