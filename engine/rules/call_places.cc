// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_places.h"

#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/codes.h"
#include "engine/rules/call_results.h"

namespace lockstep {

std::vector<const Message*> path_between(const ThreadState& state, const MessageId& first,
                                         const MessageId& last) {
  std::vector<const Message*> path;
  std::optional<MessageId> next = last;
  while (next) {
    path.push_back(&state.message(*next)->message);
    if (*next == first) break;
    next = path.back()->parent;
  }
  std::ranges::reverse(path);
  return path;
}

std::size_t work_of(std::span<const Message* const> path) {
  std::size_t work = path.size();
  for (const Message* message : path) work += message->parts.size();
  return work;
}

bool is_taken_by(const ThreadState& state, const CallPlace& call, const Message& result) {
  std::vector<const Message*> path = path_between(state, call.message, *result.parent);
  path.push_back(&result);
  const std::vector<CallResult> calls = match_results(path).calls;
  return std::ranges::any_of(calls, [&](const CallResult& each) {
    return each.call == PartPlace{0, call.part} && each.result && !each.made &&
           each.result->message == path.size() - 1;
  });
}

Verdict may_take_result(const Message& message, std::size_t part) {
  const CallNote* note = note_of(message, part);
  if (!note) return {};
  const std::string& id = std::get<ToolCallPart>(message.parts[part]).id;
  if (note->status == CallStatus::needs_approval) {
    return refuse(codes::needs_approval, "call " + id + " must be approved before its result");
  }
  if (note->status == CallStatus::denied) {
    return refuse(codes::answered, "call " + id + " was denied: it takes no result");
  }
  return {};
}

}  // namespace lockstep
