// SPDX-License-Identifier: Apache-2.0
// thread_snapshot.h: a thread's state as rows of the store, and back.
//
// A thread's snapshot is its state at one timestamp: a row for the thread itself and one for each
// message, run and device (keys.h, row_codec.h), in the table `views`. The rows that changed since
// the last snapshot are written in one batch with an entry, so all rows together are exactly the
// state at that entry. To open a thread, the engine loads them and folds the later entries.
//
// A snapshot is a cache. The thread's row has the number of the other rows. A damaged, missing or
// surplus row is the error `corrupt`; the caller then makes the snapshot again from the log.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "engine/store/store.h"

namespace lockstep {

// The rows that differ from the snapshot at `after` (0: there is no snapshot). Requires: `state` is
// the state after the entry with which the caller writes the rows.
[[nodiscard]] std::vector<RowWrite> snapshot_rows(ThreadNumber number, const ThreadState& state,
                                                  Timestamp after);

// About how many bytes these rows have: those of the messages, which are nearly all.
[[nodiscard]] std::size_t snapshot_bytes(const ThreadState& state, Timestamp after);

// The state at the snapshot's timestamp. Fails with `corrupt` or `unsupported`, or as the store
// fails.
[[nodiscard]] Result<ThreadState> load_snapshot(const Store& store, ThreadNumber number);

// The first thing in which two states differ, in words; empty if they are the same.
[[nodiscard]] std::string difference(const ThreadState& one, const ThreadState& other);

}  // namespace lockstep
