// SPDX-License-Identifier: Apache-2.0
// system.h: the real clock and real chance.
//
// They are made once, where the parts are put together (serve.cc, and writing.cc for the verbs that
// write without a server); everything else is handed them.
#pragma once

#include <random>

#include "engine/base/time.h"

namespace lockstep {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() override;
};

// From the operating system: ids and epochs must not repeat on another machine.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::random_device device_;
};

}  // namespace lockstep
