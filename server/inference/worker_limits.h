// SPDX-License-Identifier: Apache-2.0
// worker_limits.h: the limits of agents of kind `worker`.
//
// Defaults and bounds of settings; those of the requests of workers are in
// server/base/claim_limits.h.
#pragma once

#include <chrono>
#include <cstdint>

namespace lockstep::limits {

// Long enough to start a worker again; the user waits for an answer meanwhile.
inline constexpr std::chrono::milliseconds claim_time_default{600'000};
// A run that has cost two workers their lives mostly costs the third one its own.
inline constexpr std::uint32_t worker_attempts_default = 3;
inline constexpr std::uint32_t worker_attempts_max = 1000;

}  // namespace lockstep::limits
