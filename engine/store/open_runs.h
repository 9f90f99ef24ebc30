// SPDX-License-Identifier: Apache-2.0
// open_runs.h: the table of open runs, which a start reads.
//
// A row for each queued or running run, written and deleted with the entries that open and end it.
// So a start knows the threads that a crash has interrupted, without reading the others.
#pragma once

#include <optional>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/state.h"
#include "engine/store/row_codec.h"
#include "engine/store/store.h"

namespace lockstep {

// The changes of the table that this entry makes. Requires: `after` is the state after the entry.
[[nodiscard]] std::vector<RowWrite> open_run_rows(ThreadNumber thread, const ThreadState& after,
                                                  const Entry& entry);

// Requires: the run is queued or running.
[[nodiscard]] OpenRun open_run_of(const ThreadState& state, const Run& run);

struct OpenThread {
  ThreadNumber number;
  ThreadName thread;
  std::optional<OpenRun> running;
};
struct OpenRuns {
  std::vector<OpenThread> threads;    // with open runs, each once
  std::vector<ThreadNumber> damaged;  // with a row that can't be read; may be named twice
};
[[nodiscard]] Result<OpenRuns> read_open_runs(const Store& store);

}  // namespace lockstep
