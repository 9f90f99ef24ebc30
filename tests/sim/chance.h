// SPDX-License-Identifier: Apache-2.0
// chance.h: dice that depend only on a seed.
//
// Each act of a plan, each connection and each producer has its own dice. So a plan without one act
// leaves the others unchanged, and a failing seed can shrink.
#pragma once

#include <cstdint>

#include "engine/base/time.h"

namespace lockstep::sim {

// The finalizer of SplitMix64: every bit of the seed reaches every bit of the result.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t seed) {
  seed += 0x9E3779B97F4A7C15;
  seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9;
  seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EB;
  return seed ^ (seed >> 31);
}

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(mixed(seed)) {}
  Chance(std::uint64_t seed, std::uint64_t which) : Chance(mixed(seed) ^ which) {}

  std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15); }
  std::uint64_t upto(std::uint64_t count) { return next() % count; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + upto(most - least + 1);
  }
  bool one_in(std::uint64_t count) { return upto(count) == 0; }
  // Most often small, now and then much larger: how long things take.
  std::uint64_t long_tailed(std::uint64_t usual) {
    std::uint64_t most = usual;
    while (one_in(4) && most < usual * 64) most *= 4;
    return 1 + upto(most);
  }

 private:
  std::uint64_t state_;
};

class SimRandom : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) : chance_(seed) {}
  [[nodiscard]] std::uint64_t next() override { return chance_.next(); }

 private:
  Chance chance_;
};

}  // namespace lockstep::sim
