// SPDX-License-Identifier: Apache-2.0
// paging.h: the bounds of pages and queues of the server that a test may make small.
//
// As engine/base/paging.h: whatever they are, nothing that anybody is told changes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Of one read of the feed.
extern const std::uint32_t feed_items_max;
// Steps of one run that wait to become durable: above it a producer is asked to pause, and is
// resumed below the lower mark.
extern const std::size_t run_steps_high;
extern const std::size_t run_steps_low;

}  // namespace lockstep::limits
