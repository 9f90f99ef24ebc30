// SPDX-License-Identifier: Apache-2.0
// entry_rows.h: the rows that travel with an entry.
//
// What lies beside the log is written in the same batch as the entry that changes it, so it is
// never ahead of the log, nor behind it by more than it says: the thread's row and its place in the
// feed at every boundary, open runs, settings that a run was started with, and the views at the end
// of runs and after puts.
#pragma once

#include <span>
#include <vector>

#include "engine/agents.h"
#include "engine/event.h"
#include "engine/states.h"
#include "engine/store.h"

namespace lockstep {

struct EntryRows {
  std::vector<Row> rows;
  bool views = false;   // the views are then State(entry.at)
  bool listed = false;  // the thread's place in the feed is then the entry's
};

// Is it more than a piece of content? Lists of threads show boundaries only.
[[nodiscard]] bool is_boundary(const Entry& entry);

// Requires: `thread` is as it is before `entry`.
[[nodiscard]] EntryRows rows_of(const LiveThread& thread, const Entry& entry,
                                std::span<const AgentSettings> settings, const Store& store);

// Of the last entry of a thread that is being deleted.
[[nodiscard]] EntryRows tombstone_of(const LiveThread& thread, const Entry& entry);

}  // namespace lockstep
