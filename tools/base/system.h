// SPDX-License-Identifier: Apache-2.0
// system.h: the real clock and the real source of random numbers.
//
// Each verb makes its own and passes them to its parts (serve.cc for the server, writing.cc for
// verbs that write without a server), so that tests can pass others.
#pragma once

#include <random>

#include "engine/base/time.h"

namespace lockstep {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() override;
};

// Uses the operating system: ids and epochs must not repeat on another machine.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::random_device device_;
};

}  // namespace lockstep
