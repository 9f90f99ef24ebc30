// SPDX-License-Identifier: Apache-2.0
// derived.h: makes the rows that are derived from one thread's entries.
//
// A server writes these rows bit by bit with the entries. A rebuild and a salvage make them at
// once, from the fold of the thread.
#pragma once

#include <string>
#include <vector>

#include "engine/rules/blob_names.h"
#include "engine/rules/state.h"
#include "engine/store/store.h"

namespace lockstep {

struct FoldedThread {
  ThreadNumber number;
  const ThreadState& state;
  CommitNumber boundary;  // of the last entry that lists show: the thread's place in the feed
  BlobSet blobs = {};     // those that its entries name
};

// The snapshot, the thread's row, its place in the feed, its open runs, and the blobs that it
// names.
[[nodiscard]] std::vector<RowWrite> derived_rows(const FoldedThread& thread);

}  // namespace lockstep
