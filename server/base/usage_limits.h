// SPDX-License-Identifier: Apache-2.0
// usage_limits.h: the limits of the totals of usage.
//
// A model server or a writer outside may claim any number.
#pragma once

#include <cstdint>

namespace lockstep::limits {

// Of one run: far above any, and no sum of them overflows.
inline constexpr std::uint64_t usage_tokens_max = 1'000'000'000;

}  // namespace lockstep::limits
