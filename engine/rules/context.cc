// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "engine/base/must.h"
#include "engine/rules/producer.h"

namespace lockstep {
namespace {

// Of each message that may lack an answer: how the last run that was given it ended.
using LastEnds = std::unordered_map<MessageId, std::optional<RunStatus>>;

// A message can lack its answer only if no assistant's message follows it on the path. Most paths
// have no such message, and are spared the walk over the thread's runs.
LastEnds without_answer(std::span<const MessageState* const> path) {
  LastEnds ends;
  for (std::size_t at = 0; at + 1 < path.size(); ++at) {
    if (path[at]->message.role == Role::assistant) continue;
    if (path[at + 1]->message.role != Role::assistant) ends[path[at]->message.id] = {};
  }
  return ends;
}

// A run that a failure has ended said nothing either, but its error stands on the screen and is no
// turn of the conversation. A run whose messages were deleted did say something.
bool ended_without_word(const RunState& row) {
  const RunStatus status = row.run.status;
  return row.messages.empty() && (status == RunStatus::stopped || status == RunStatus::completed);
}

std::vector<Unanswered> unanswered_of(const ThreadState& state,
                                      std::span<const MessageState* const> path) {
  std::vector<Unanswered> unanswered;
  LastEnds ends = without_answer(path);
  if (ends.empty()) return unanswered;
  for (std::size_t at = 0; at < state.runs.size(); ++at) {
    const RunState& row = state.runs[at];
    if (!row.run.head || !row.run.started || !row.run.ended) continue;
    const auto end = ends.find(*row.run.head);
    if (end == ends.end()) continue;
    end->second = ended_without_word(row) ? std::optional(row.run.status) : std::nullopt;
  }
  for (const MessageState* message : path) {
    const auto end = ends.find(message->message.id);
    if (end == ends.end() || !end->second) continue;
    unanswered.push_back({message->message.id, *end->second});
  }
  return unanswered;
}

}  // namespace

Context context_of(const ThreadState& state, const Run& run, std::string settings) {
  MUST(run.context_ts.has_value());
  const std::vector<const MessageState*> path = state.path(run.head);
  Context context{.thread = name_of(state),
                  .run = run.id,
                  .path = {},
                  .unanswered = unanswered_of(state, path),
                  .continues = run.continues,
                  .settings = std::move(settings)};
  context.path.reserve(path.size());
  for (const MessageState* message : path) context.path.push_back(message->message);
  return context;
}

}  // namespace lockstep
