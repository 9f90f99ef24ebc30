// SPDX-License-Identifier: Apache-2.0
// hang_ups.h: SIGHUP, which never ends the process.
//
// It comes when a session at a terminal is closed, and when an administrator wants the settings to
// be read again. Its default would be to kill. So it is blocked, for all threads and from the first
// line of `main` to the last, and read from a descriptor.
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
  // From here on the signal kills nobody. Requires: called before the process has other threads.
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
