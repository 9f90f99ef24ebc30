// SPDX-License-Identifier: Apache-2.0
// hang_ups.h: reads SIGHUP as an event, so that it never ends the process.
//
// The signal comes when a terminal session closes, and when an administrator asks the server to
// read its settings again. Its default action kills the process. So the signal is blocked in all
// threads, from the first line of `main` to the last, and read from a descriptor.
//
// Lives on: the engine strand.
#pragma once

#include <sys/signalfd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "engine/base/result.h"

namespace boost::asio {
class io_context;
}

namespace lockstep {

class HangUps {
 public:
  // From here on the signal does not kill the process. Requires: the process has no other thread
  // yet.
  static void block();

  HangUps(boost::asio::io_context& context, std::function<void()> on_hang_up);
  HangUps(const HangUps&) = delete;
  HangUps& operator=(const HangUps&) = delete;

 private:
  void wait();

  boost::asio::posix::stream_descriptor signals_;
  std::function<void()> on_hang_up_;
  signalfd_siginfo came_{};
};

}  // namespace lockstep
