// SPDX-License-Identifier: Apache-2.0
// walk_limits.h: the bounds of single changes and steps that look at a whole path, in a file of
// limits of its own.
//
// All threads share one strand, so a request that reads long paths many times would keep all others
// waiting.
#pragma once

#include <cstddef>

namespace lockstep::limits {

// Messages and their parts that one request may read, again and again, to find the calls of the
// results that it brings: a tenth of a second. Calls that were made lately are found after a few.
inline constexpr std::size_t result_walk_max = 1 << 16;
// Of a run's repairs, as `size_of` counts: they travel with the run in every diff.
inline constexpr std::size_t repairs_bytes_max = 64 << 10;

}  // namespace lockstep::limits
