// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/open_calls.h"

#include "engine/rules/call_results.h"

namespace lockstep {
namespace {

std::vector<OpenCall> open_calls(const std::vector<const Message*>& messages) {
  std::vector<OpenCall> open;
  for (const CallResult& each : match_results(messages).calls) {
    if (each.result) continue;
    const Message& message = *messages[each.call.message];
    const auto part = static_cast<std::uint32_t>(each.call.part);
    open.push_back({message.id, part, std::get<ToolCallPart>(message.parts[part]).id});
  }
  return open;
}

}  // namespace

std::vector<std::uint32_t> living_messages(const ThreadState& state, const RunState& run) {
  std::vector<std::uint32_t> numbers;
  for (const std::uint32_t number : run.messages) {
    if (!state.messages[number].deleted) numbers.push_back(number);
  }
  return numbers;
}

std::vector<OpenCall> open_calls_of(const ThreadState& state, const RunState& run) {
  const std::vector<std::uint32_t> numbers = living_messages(state, run);
  if (numbers.empty()) return {};
  std::vector<const Message*> since;
  for (std::size_t at = numbers.front(); at < state.messages.size(); ++at) {
    since.push_back(&state.messages[at].message);
  }
  std::vector<OpenCall> open = open_calls(since);
  std::erase_if(open, [&](const OpenCall& each) {
    return state.living(each.message)->message.run != run.run.id;
  });
  return open;
}

std::vector<OpenCall> open_calls_to(const ThreadState& state,
                                    const std::optional<MessageId>& head) {
  std::vector<const Message*> path;
  for (const MessageState* row : state.path(head)) path.push_back(&row->message);
  return open_calls(path);
}

void answer_missing(Draft& draft, const std::vector<OpenCall>& calls) {
  for (const OpenCall& open : calls) {
    const CallNote* note = note_of(draft.state().living(open.message)->message, open.part);
    const bool unapproved = note && note->status == CallStatus::needs_approval;
    answer(draft, {open}, unapproved ? unapproved_result : missing_result);
  }
}

void answer(Draft& draft, const std::vector<OpenCall>& calls, std::string_view content) {
  for (const OpenCall& open : calls) {
    const Message& message = draft.state().living(open.message)->message;
    const auto part = static_cast<std::uint32_t>(message.parts.size());
    draft.say(
        PartStarted{open.message, part, ToolResultPart{open.call, std::string(content), true}});
  }
}

}  // namespace lockstep
