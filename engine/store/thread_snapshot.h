// SPDX-License-Identifier: Apache-2.0
// thread_snapshot.h: a thread's state as rows of the store, and back.
//
// The views of a thread are its state at one timestamp, a row each for the thread itself, every
// message, run and device (keys.h, row_codec.h). They travel with entries, all that changed since
// the former views at once, so they are exactly State(view timestamp): who opens a thread loads
// them and folds the entries that came after.
//
// They are a cache. The row of the thread says how many others there must be; whatever is damaged,
// missing or too much is the error `corrupt`, and the views are to be made again from the log.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "engine/store/store.h"

namespace lockstep {

// The rows of all that differs from the views at `after` (0: there are none). Requires: `state` is
// what the entry folds to with which the rows are to be written.
[[nodiscard]] std::vector<Row> view_rows(ThreadNumber number, const ThreadState& state,
                                         Timestamp after);

// About how long these rows are.
[[nodiscard]] std::size_t view_bytes(const ThreadState& state, Timestamp after);

// State(view timestamp). Fails with `corrupt` or `unsupported`, or as the store fails.
[[nodiscard]] Result<ThreadState> load_views(const Store& store, ThreadNumber number);

// The first thing in which two states differ, in words; empty if they are the same.
[[nodiscard]] std::string difference(const ThreadState& one, const ThreadState& other);

}  // namespace lockstep
