// SPDX-License-Identifier: Apache-2.0
// open_runs.h: the runs that are open, where a start finds them.
//
// A row for each queued or running run, put and deleted with the entries that open and end it. So a
// start knows which threads a crash has interrupted without reading the others.
#pragma once

#include <optional>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/state.h"
#include "engine/store/row_codec.h"
#include "engine/store/store.h"

namespace lockstep {

// The rows by which this entry changes the table. Requires: `after` is the state that it leads to.
[[nodiscard]] std::vector<Row> open_run_rows(ThreadNumber thread, const ThreadState& after,
                                             const Entry& entry);

// Requires: it is queued or running.
[[nodiscard]] OpenRun open_run_of(const ThreadState& state, const Run& run);

struct OpenThread {
  ThreadNumber number;
  ThreadName thread;
  std::optional<OpenRun> running;
};
struct OpenRuns {
  std::vector<OpenThread> threads;    // that have open runs, each once
  std::vector<ThreadNumber> damaged;  // whose rows can't be read
};
[[nodiscard]] Result<OpenRuns> read_open_runs(const Store& store);

}  // namespace lockstep
