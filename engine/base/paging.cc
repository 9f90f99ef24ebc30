// SPDX-License-Identifier: Apache-2.0
#include "engine/base/paging.h"

#include "engine/base/limits.h"

namespace lockstep::limits {

// What one read of the log brings: enough to fill a write, little enough not to hold up the strand.
constexpr std::uint32_t read_entries_max = 1024;
constexpr std::size_t read_bytes_max = 1 << 20;

constexpr std::size_t tail_entries_max = 4096;
constexpr std::size_t tail_bytes_max = 1 << 20;

constexpr std::uint32_t list_max = 1000;

constexpr std::size_t idle_states_max = 1024;

constexpr std::uint32_t view_entries_max = 4096;

constexpr std::size_t entry_steps_max = 4096;

// Encoding takes a millisecond for half a megabyte.
constexpr std::size_t turn_entry_bytes = 256 << 10;

// SHA-256 takes 0.6 ms for a megabyte where the processor has instructions for it, and 3 ms where
// it has none.
constexpr std::size_t turn_digest_bytes = 512 << 10;

// A batch and what a writer may have in flight behind it. 8 bytes each, so 32 KiB for a run that is
// being written.
constexpr std::size_t steps_remembered = 4096;
static_assert(steps_remembered >= batch_steps_max, "a batch that is sent again is compared whole");

constexpr std::size_t diff_frame_bytes_max = 1 << 20;  // the protocol's

}  // namespace lockstep::limits
