// SPDX-License-Identifier: Apache-2.0
// paging.h: how much one page, one slice, one turn and one cache hold.
//
// These bounds change no answer: a reader continues after a page, a follower after a slice, and
// what a cache has dropped is read again. So the linker may set them, and no other bound: paging.cc
// has the product's values with their reasons, and the simulation links smaller ones
// (tests/sim/small_paging.cc), so that short histories cross them all.
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
// Idle threads whose state stays in memory, however small they are.
extern const std::size_t idle_states_max;
// Entries after a stored snapshot that opening a thread may have to fold. With so many the next
// entry writes the snapshot again.
extern const std::uint32_t snapshot_entries_max;
// Steps that one entry gathers while the log writes the entry before it.
extern const std::size_t entry_steps_max;
// A longer entry, its rows and snapshot included, is encoded on another thread (offload.h).
extern const std::size_t turn_entry_bytes;
// After a long entry, longer content is digested on another thread.
extern const std::size_t turn_digest_bytes;
// Of an attempt: repeated steps are compared with the hashes of so many, older ones with the log.
extern const std::size_t steps_remembered;
// Of a diff; more only if one message alone is larger.
extern const std::size_t diff_frame_bytes_max;

}  // namespace lockstep::limits
