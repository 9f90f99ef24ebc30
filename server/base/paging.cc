// SPDX-License-Identifier: Apache-2.0
#include "server/base/paging.h"

namespace lockstep::limits {

constexpr std::uint32_t feed_items_max = 256;

constexpr std::size_t run_steps_high = 8'192;
constexpr std::size_t run_steps_low = 1'024;
static_assert(run_steps_low < run_steps_high);

}  // namespace lockstep::limits
