// SPDX-License-Identifier: Apache-2.0
// derived.h: the rows beside the log that one thread's entries lead to.
//
// What a server writes bit by bit with its entries, made at once from the fold: for a rebuild, and
// for a store that is made anew from what is left of another.
#pragma once

#include <string>
#include <vector>

#include "engine/rules/state.h"
#include "engine/store/store.h"

namespace lockstep {

struct FoldedThread {
  ThreadNumber number;
  const ThreadState& state;
  CommitNumber boundary;  // of its last entry that lists show: its place in the feed
};

// The views, the thread's row, its place in the feed and its open runs.
[[nodiscard]] std::vector<Row> derived_rows(const FoldedThread& thread);

}  // namespace lockstep
