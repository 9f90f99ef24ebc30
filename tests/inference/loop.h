// SPDX-License-Identifier: Apache-2.0
// loop.h: an I/O loop that a test runs until a condition holds, and a writer that records its
// steps.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "tests/inference/written.h"

namespace lockstep {

class TestRandom final : public Random {
 public:
  std::uint64_t next() override {
    return state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
  }

 private:
  std::uint64_t state_ = 1;
};

class TestClock final : public Clock {
 public:
  Timestamp now() override { return at; }
  Timestamp at{1'000'000};
};

class TestWriter final : public StepWriter {
 public:
  bool write(std::vector<Step> steps) override {
    ++writes;
    written.take(steps);
    if (on_write) on_write();
    return !full;
  }
  Written written;
  int writes = 0;
  bool full = false;
  std::function<void()> on_write;
};

// False: it did not hold in time.
inline bool run_until(boost::asio::io_context& loop, const std::function<bool()>& holds,
                      std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return false;
    loop.restart();
    loop.run_one_for(left);
  }
  return true;
}

}  // namespace lockstep
