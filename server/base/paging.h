// SPDX-License-Identifier: Apache-2.0
// paging.h: the limits of the server's pages and queues that a test may make small.
//
// As in engine/base/paging.h, their values do not change what clients receive.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Items in one read of the feed.
extern const std::uint32_t feed_items_max;
// Steps of one run that wait for the engine: at `high` the driver asks the producer to pause, and
// at `low` to resume.
extern const std::size_t run_steps_high;
extern const std::size_t run_steps_low;

}  // namespace lockstep::limits
