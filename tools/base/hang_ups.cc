// SPDX-License-Identifier: Apache-2.0
#include "tools/base/hang_ups.h"

#include <signal.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

namespace lockstep {
namespace {

sigset_t hang_up() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void HangUps::block() {
  const sigset_t set = hang_up();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // `nohup` ignores the signal, and POSIX lets a kernel drop an ignored signal although it is
  // blocked.
  ::signal(SIGHUP, SIG_DFL);
}

HangUps::HangUps(boost::asio::io_context& context, std::function<void()> on_hang_up)
    : signals_(context), on_hang_up_(std::move(on_hang_up)) {
  const sigset_t set = hang_up();
  const int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  // Without a descriptor the signal has no effect; it stays blocked, so it does not kill either.
  if (descriptor < 0) return;
  signals_.assign(descriptor);
  wait();
}

void HangUps::wait() {
  signals_.async_read_some(boost::asio::buffer(&came_, sizeof came_),
                           [this](const boost::system::error_code& error, std::size_t) {
                             if (error) return;
                             on_hang_up_();
                             wait();
                           });
}

}  // namespace lockstep
