// SPDX-License-Identifier: Apache-2.0
#include "engine/base/paging.h"

#include "engine/base/limits.h"

namespace lockstep::limits {

// One read of the log: enough to fill a write to a socket, too little to block the strand for long.
constexpr std::uint32_t read_entries_max = 1024;
constexpr std::size_t read_bytes_max = 1 << 20;

constexpr std::size_t tail_entries_max = 4096;
constexpr std::size_t tail_bytes_max = 1 << 20;

constexpr std::uint32_t list_max = 1000;
static_assert(list_max >= list_default);

constexpr std::size_t idle_states_max = 1024;

constexpr std::uint32_t snapshot_entries_max = 4096;

constexpr std::size_t entry_steps_max = 4096;

// Encoding takes a millisecond for half a megabyte.
constexpr std::size_t turn_entry_bytes = 256 << 10;

// SHA-256 of a megabyte takes 0.6 ms on a processor with instructions for it, and 3 ms on others.
constexpr std::size_t turn_digest_bytes = 512 << 10;

// A batch, and what its writer may have in flight behind it. 8 bytes each, so 32 KiB for a running
// run.
constexpr std::size_t steps_remembered = 4096;
static_assert(steps_remembered >= batch_steps_max, "a repeated batch is compared whole");

constexpr std::size_t diff_frame_bytes_max = 1 << 20;  // the protocol's

}  // namespace lockstep::limits
