// SPDX-License-Identifier: Apache-2.0
// paging.h: how much one page, one slice, one turn and one cache hold.
//
// Whatever these are, nothing that anybody is told changes: a reader goes on behind a page, a
// follower behind a slice, and what a cache has let go is read again. They are therefore the only
// bounds that the linker sets: paging.cc has the product's, with their reasons, and the simulation
// links smaller ones (tests/sim/small_paging.cc), so that short histories cross them all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Of a read of the log.
extern const std::uint32_t read_entries_max;
extern const std::size_t read_bytes_max;
// Of a followed thread: a follower further behind reads the log.
extern const std::size_t tail_entries_max;
extern const std::size_t tail_bytes_max;
// Of a list, of a page of messages, and of a scan of the store.
extern const std::uint32_t list_max;
// Threads whose state is kept in memory when nobody uses them, however small.
extern const std::size_t idle_states_max;
// Entries that a first open may have to fold behind its views: then the views are written again.
extern const std::uint32_t view_entries_max;
// Steps that one entry gathers while the one before it is being made durable.
extern const std::size_t entry_steps_max;
// An entry that is longer, its rows and views included, is written beside the strand.
extern const std::size_t turn_entry_bytes;
// What a long entry leaves to digest is digested beside the strand if it is longer.
extern const std::size_t turn_digest_bytes;
// Of an attempt, compared by their hashes when they are sent again; older ones with the log.
extern const std::size_t steps_remembered;
// Of a diff; more only if one message alone is larger.
extern const std::size_t diff_frame_bytes_max;

}  // namespace lockstep::limits
