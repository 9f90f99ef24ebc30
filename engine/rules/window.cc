// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/window.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/base/must.h"

namespace lockstep {

Window restrict_to_window(const ThreadState& now, Diff diff, std::uint32_t messages_max) {
  MUST(diff.to == now.now);
  const std::vector<const MessageState*> path = now.path(now.thread.head);
  const std::size_t shown = std::min<std::size_t>(messages_max, path.size());
  const std::size_t above = path.size() - shown;

  std::unordered_set<MessageId> inside;
  std::unordered_set<RunId> runs;
  for (std::size_t at = above; at < path.size(); ++at) {
    inside.insert(path[at]->message.id);
    if (path[at]->message.run) runs.insert(*path[at]->message.run);
  }
  std::erase_if(diff.messages, [&](const auto& changed) {
    const MessageId& id = id_of(changed);
    return !inside.contains(id) && now.message(id)->message.created > diff.from;
  });
  // A front without a cursor holds nothing yet. Of the ended runs it needs only those that wrote
  // messages in its window, and those that wait for answers: events will name them.
  if (diff.from == Timestamp()) {
    diff.removed.clear();
    std::erase_if(diff.runs, [&](const Run& run) {
      const bool waits = run.resume && run.resume->status == ResumeStatus::waiting;
      return !is_open(run.status) && !waits && !runs.contains(run.id);
    });
  }

  Window window{.diff = std::move(diff), .edge = std::nullopt, .older = above > 0};
  if (window.older) window.edge = path[above - 1]->message.id;
  return window;
}

}  // namespace lockstep
