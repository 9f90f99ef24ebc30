// SPDX-License-Identifier: Apache-2.0
// small_paging.cc: the limits of engine/base/paging.h and server/base/paging.h, for the simulation.
//
// It is linked as an object, so that the linker never takes the product's limits from their
// library. They are so small that a thread of a few messages needs several pages, slices and
// frames, and that of two idle threads one is evicted.
#include "engine/base/paging.h"
#include "server/base/paging.h"

namespace lockstep::limits {

constexpr std::uint32_t read_entries_max = 3;
constexpr std::size_t read_bytes_max = 2'000;
constexpr std::size_t tail_entries_max = 4;
constexpr std::size_t tail_bytes_max = 3'000;
constexpr std::uint32_t list_max = 2;
constexpr std::size_t idle_states_max = 1;
constexpr std::uint32_t snapshot_entries_max = 12;
constexpr std::size_t entry_steps_max = 6;
constexpr std::size_t turn_entry_bytes = 1'500;
constexpr std::size_t turn_digest_bytes = 1'000;
constexpr std::size_t steps_remembered = 5;
constexpr std::size_t diff_frame_bytes_max = 900;
constexpr std::uint32_t feed_items_max = 2;
constexpr std::size_t run_steps_high = 6;
constexpr std::size_t run_steps_low = 2;

}  // namespace lockstep::limits
