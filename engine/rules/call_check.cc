// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_check.h"

#include <algorithm>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rules/call_results.h"

namespace lockstep {
namespace {

bool has_result(const Parts& parts) {
  return std::ranges::any_of(
      parts, [](const Part& part) { return std::holds_alternative<ToolResultPart>(part); });
}

std::vector<const Message*> messages_to(const ThreadState& state,
                                        const std::optional<MessageId>& head) {
  std::vector<const Message*> messages;
  for (const MessageState* row : state.path(head)) messages.push_back(&row->message);
  return messages;
}

// Does a message right below bring a real result for a call of this one? Beside it, the model would
// not be given that result.
bool has_result_below(const ThreadState& state, const Message& message) {
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    if (row.deleted || row.message.parent != message.id || !has_result(row.message.parts)) continue;
    const std::vector<const Message*> both{&message, &row.message};
    for (const CallResult& call : match_results(both).calls) {
      const bool below = call.result && call.result->message == 1;
      if (call.call.message == 0 && below && !call.made) return true;
    }
  }
  return false;
}

Verdict verdict_on(const std::optional<StrayResult>& stray) {
  if (!stray) return {};
  return stray->answered
             ? refuse(codes::answered, "call " + stray->call + " has its result")
             : refuse(codes::unknown_call, "there is no call " + stray->call +
                                               " above: it was cut, or stands on another branch");
}

}  // namespace

Verdict calls_take_input(const ThreadState& state, const std::optional<MessageId>& head,
                         const std::vector<MessageInput>& input) {
  // Most inputs have none, and are spared the walk over the path.
  if (!std::ranges::any_of(input, has_result, &MessageInput::parts)) return {};
  std::vector<Message> added;
  for (const MessageInput& each : input) {
    Message& message = added.emplace_back();
    message.role = each.role;
    message.parts = each.parts;
  }
  const std::vector<const Message*> before = messages_to(state, head);
  std::vector<const Message*> after = before;
  for (const Message& message : added) after.push_back(&message);
  return verdict_on(new_stray(before, after));
}

Verdict calls_take_put(const ThreadState& state, const Message& put) {
  if (!has_result(put.parts)) return {};
  if (state.message(put.id) == nullptr) {
    const std::vector<const Message*> before = messages_to(state, put.parent);
    std::vector<const Message*> after = before;
    after.push_back(&put);
    return verdict_on(new_stray(before, after));
  }
  const std::optional<MessageId>& head = state.thread.head;
  const bool leads_to_head = head && state.lies_below(*head, put.id);
  const std::vector<const Message*> before =
      messages_to(state, leads_to_head ? head : std::optional(put.id));
  std::vector<const Message*> after = before;
  std::ranges::replace_if(
      after, [&put](const Message* message) { return message->id == put.id; }, &put);
  return verdict_on(new_stray(before, after));
}

Verdict may_continue(const ThreadState& state, const StartRun& change) {
  MUST(change.continues.has_value());
  const std::string id = change.continues->get();
  const MessageState* row = state.message(*change.continues);
  if (!row) return refuse(codes::unknown_message, "there is no message " + id);
  if (row->deleted) return refuse(codes::deleted, "message " + id + " was deleted");
  if (!change.input.empty() || change.place) {
    return refuse(codes::invalid, "`continue` goes without `input`, `after` and `parent`");
  }
  if (row->message.role != Role::assistant || row->message.status == MessageStatus::open) {
    return refuse(codes::invalid, "message " + id +
                                      " is no answer that has ended: only those can be continued. "
                                      "Stop the run of an answer first; one request can do both");
  }
  if (has_result_below(state, row->message)) {
    return refuse(codes::invalid, "a message below " + id +
                                      " brings a result of its calls: start a run behind that one");
  }
  return {};
}

const RunState* continuation_of(const ThreadState& state, const MessageId& message) {
  for (std::size_t at = state.runs.size(); at-- > 0;) {
    const RunState& row = state.runs[at];
    if (row.run.continues != message) continue;
    const bool continues = std::ranges::any_of(row.messages, [&](std::uint32_t number) {
      return !state.messages[number].deleted && state.messages[number].message.continues == message;
    });
    if (is_open(row.run.status) || continues) return &row;
  }
  return nullptr;
}

}  // namespace lockstep
