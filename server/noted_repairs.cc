// SPDX-License-Identifier: Apache-2.0
#include "server/noted_repairs.h"

#include <string>

#include "engine/rules/sizes.h"
#include "engine/rules/walk_limits.h"

namespace lockstep {
namespace {

// Names the ids of a repair, as many as the log takes: the id of a call may be long.
void name_ids(std::vector<NotedRepair>& notes, std::size_t at,
              const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    notes[at].ids.push_back(id);
    if (size_of(notes) <= limits::repairs_bytes_max) continue;
    notes[at].ids.pop_back();
    return;
  }
}

}  // namespace

std::vector<NotedRepair> notes_of(const std::vector<Repair>& repairs) {
  std::vector<NotedRepair> notes;
  std::vector<const Repair*> noted;
  for (const Repair& repair : repairs) {
    if (repair.kind.empty()) continue;
    notes.push_back({repair.kind, repair.count, {}});
    noted.push_back(&repair);
  }
  for (std::size_t at = 0; at < notes.size(); ++at) name_ids(notes, at, noted[at]->ids);
  return notes;
}

}  // namespace lockstep
