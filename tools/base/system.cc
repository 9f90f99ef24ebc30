// SPDX-License-Identifier: Apache-2.0
#include "tools/base/system.h"

#include <chrono>

namespace lockstep {

Timestamp SystemClock::now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  return Timestamp(static_cast<std::uint64_t>(micros));
}

std::uint64_t SystemRandom::next() {
  // The device gives 32 bits a call.
  const std::uint64_t high = device_();
  return high << 32 | device_();
}

}  // namespace lockstep
