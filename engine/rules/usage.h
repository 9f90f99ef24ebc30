// SPDX-License-Identifier: Apache-2.0
// usage.h: the tokens that runs have used, as numbers.
//
// A run's `usage` is JSON as its model server wrote it, and each kind of server has other names.
// The engine reads no JSON, so the server hands in a function that knows the names (`ReadUsage`).
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep {

struct UsageCounts {
  std::uint64_t runs = 0;    // that have ended, also those that told no tokens
  std::uint64_t input = 0;   // tokens of requests, with those that came from a cache
  std::uint64_t cached = 0;  // those of `input` that came from a cache
  std::uint64_t output = 0;  // tokens of answers

  UsageCounts& operator+=(const UsageCounts& more) {
    runs += more.runs;
    input += more.input;
    cached += more.cached;
    output += more.output;
    return *this;
  }
  // Requires: they were added before.
  UsageCounts& operator-=(const UsageCounts& less) {
    runs -= less.runs;
    input -= less.input;
    cached -= less.cached;
    output -= less.output;
    return *this;
  }
  friend bool operator==(const UsageCounts&, const UsageCounts&) = default;
};

// The tokens in one `usage`; zeros if it tells none. `runs` stays 0.
using ReadUsage = UsageCounts (*)(std::string_view json);

}  // namespace lockstep
