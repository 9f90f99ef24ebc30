// SPDX-License-Identifier: Apache-2.0
// fixed_random.h: random numbers that can be repeated.
//
// Lives on: the test's thread.
#pragma once

#include <random>

#include "engine/base/time.h"

namespace lockstep {

class FixedRandom : public Random {
 public:
  explicit FixedRandom(std::uint64_t seed) : generator_(seed) {}
  [[nodiscard]] std::uint64_t next() override { return generator_(); }
  // One of 0 to `count` - 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) { return generator_() % count; }

 private:
  std::mt19937_64 generator_;
};

}  // namespace lockstep
