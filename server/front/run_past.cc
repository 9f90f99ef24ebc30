// SPDX-License-Identifier: Apache-2.0
#include "server/front/run_past.h"

#include <algorithm>
#include <cstddef>

#include "server/base/limits.h"

namespace lockstep {
namespace {

constexpr std::size_t slices_max = 16;  // of one write each: fronts may change much meanwhile

bool shows(const Entry& entry, const RunId& run) {
  return std::ranges::any_of(entry.events, [&](const Event& event) {
    const auto* created = std::get_if<MessageCreated>(&event);
    const auto* ended = std::get_if<RunEnded>(&event);
    return (created && created->run == run) || (ended && ended->run == run);
  });
}

}  // namespace

std::vector<FormerAgent> former_agents(Front& front, const UserId& user, const ThreadName& thread,
                                       const Run& run) {
  FormerAgents former;
  if (run.attempt == 1 || !run.context_ts) return {};
  // The first agent is named by the entry that queued the run, which may be long before its start.
  const auto queued = front.engine.entries(user, thread, Timestamp(run.queued.get() - 1), 1);
  if (!queued || queued->entries.empty()) return {};
  former.read(*queued->entries.front()->entry);
  Timestamp after = *run.context_ts;
  for (std::size_t slices = 0; slices < slices_max; ++slices) {
    const auto slice = front.engine.entries(user, thread, after, limits::write_bytes_max);
    if (!slice || slice->entries.empty()) break;
    for (const auto& published : slice->entries) {
      former.read(*published->entry);
      if (shows(*published->entry, run.id)) return former.of(run.id);
    }
    after = slice->entries.back()->entry->at;
  }
  return former.of(run.id);
}

}  // namespace lockstep
