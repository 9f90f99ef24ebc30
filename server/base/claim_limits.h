// SPDX-License-Identifier: Apache-2.0
// claim_limits.h: the limits of claims of workers.
//
// Tokens to claim belong to the operator's own programs: the limits contain mistakes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// A lease that ends sooner would be lost by any pause of the network.
inline constexpr std::uint64_t lease_seconds_min = 1;
// A run whose worker died waits at most so long for the next one.
inline constexpr std::uint64_t lease_seconds_max = 600;
inline constexpr std::uint64_t lease_seconds_default = 30;
// Proxies close a connection that says nothing for a minute.
inline constexpr std::uint64_t wait_seconds_max = 50;
inline constexpr std::uint64_t wait_seconds_default = 20;
inline constexpr std::size_t claim_agents_max = 64;        // in one claim
inline constexpr std::size_t claims_waiting_max = 10'000;  // more than any server has workers
// A claim names a user, a thread and a run, of 128 bytes each, in base64.
inline constexpr std::size_t claim_bytes_max = 640;

// Of runs whose agent is gone, or of another kind, since they began.
inline constexpr std::chrono::minutes claim_time_without_agent{10};
// A run that can't be ended now, because the server has too much to do.
inline constexpr std::chrono::seconds claim_retry_delay{1};

}  // namespace lockstep::limits
