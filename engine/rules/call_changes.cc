// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_changes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/rules/approved_limits.h"
#include "engine/rules/call_limits.h"
#include "engine/rules/call_places.h"
#include "engine/rules/call_results.h"
#include "engine/rules/run.h"

namespace lockstep {
namespace {

// The message of a call, if it is one.
std::expected<const MessageState*, Refusal> answer_at(const ThreadState& state,
                                                      const MessageId& id) {
  const MessageState* row = state.message(id);
  if (!row) return refuse(codes::unknown_message, "there is no message " + id.get());
  if (row->deleted) return refuse(codes::deleted, "message " + id.get() + " was deleted");
  return row;
}

bool leads_to_head(const ThreadState& state, const MessageId& message) {
  const std::optional<MessageId>& head = state.thread.head;
  return head && (*head == message || state.lies_below(*head, message));
}

// The newest message right below that only brings results; null if there is none.
const Message* results_below(const ThreadState& state, const MessageId& above) {
  for (std::size_t number = state.messages.size(); number-- > 0;) {
    const MessageState& row = state.messages[number];
    if (row.message.id == above) return nullptr;  // all below it are younger
    if (!row.deleted && row.message.parent == above && row.message.role == Role::tool) {
      return &row.message;
    }
  }
  return nullptr;
}

// Where a result goes: the end of the thread if it goes on from the call's message, else behind the
// results that the call's message already has there.
MessageId end_behind(const ThreadState& state, const MessageId& message) {
  if (leads_to_head(state, message)) return *state.thread.head;
  MessageId end = message;
  while (const Message* below = results_below(state, end)) end = below->id;
  return end;
}

// The first call of this id in the message that has no real result, else the last one.
struct FoundCall {
  std::uint32_t part = 0;
  std::string tool;
  bool answered = false;
  bool made = false;  // the engine has made a result
  bool denied = false;
  std::uint32_t twins = 0;  // the calls of this id in the message
};

std::expected<FoundCall, Refusal> find_call(const ThreadState& state, const MessageId& message,
                                            const std::string& id, WalkLeft& left) {
  const std::vector<const Message*> path = path_between(state, message, end_behind(state, message));
  if (!left.take(work_of(path))) {
    return refuse(codes::too_many,
                  "the request decides about too many calls far above: send fewer at once");
  }
  std::optional<FoundCall> found;
  bool open = false;
  std::uint32_t twins = 0;
  for (const CallResult& call : match_results(path).calls) {
    if (call.call.message != 0) break;
    const auto part = static_cast<std::uint32_t>(call.call.part);
    const auto& asked = std::get<ToolCallPart>(path[0]->parts[part]);
    if (asked.id != id) continue;
    const bool answered = call.result && !call.made;
    const CallNote* note = note_of(*path[0], part);
    const bool denied = note && note->status == CallStatus::denied;
    ++twins;
    if (open) continue;
    found = FoundCall{part, asked.name, answered, call.made, denied};
    open = !answered && !denied;
  }
  if (found) {
    found->twins = twins;
    return *found;
  }
  return refuse(codes::unknown_call, "the message has no call " + id + ": it was cut");
}

// Is it the call that the person saw? Of several calls of one id, the first open one is meant:
// which one that was may have changed with anything that came since.
Verdict was_seen(Draft& draft, const MessageState& row, const FoundCall& call, const Past& past) {
  const bool is_latest = past.since == draft.before().now && draft.decision().entry.events.empty();
  const bool other = call.twins > 1 && !is_latest;
  if (!other && past.is_as_it_was(row, call.part)) return {};
  return refuse(codes::changed,
                "the call has changed since `seen`: sync, show it to the user, and let the user "
                "decide");
}

std::string_view past_tense(CallStatus status) {
  switch (status) {
    case CallStatus::approved:
      return "was approved before";
    case CallStatus::denied:
      return "was denied before";
    default:
      return "is at work elsewhere";
  }
}

Verdict may_decide(const Message& message, const FoundCall& call, const DecideCall& change) {
  if (call.answered) return refuse(codes::answered, "call " + change.call + " has its result");
  if (call.made && change.decision == CallStatus::denied) {
    return refuse(codes::answered,
                  "call " + change.call + " was left: its result tells the model so, and stays");
  }
  const CallNote* note = note_of(message, call.part);
  if (!note) return {};
  const bool runs = change.decision == CallStatus::running;
  if (note->status == CallStatus::needs_approval) {
    return runs ? Verdict(refuse(codes::needs_approval,
                                 "call " + change.call + " must be approved before it runs"))
                : Verdict();
  }
  if (note->status == CallStatus::approved && runs) return {};
  return refuse(codes::decided,
                "call " + change.call + " " + std::string(past_tense(note->status)));
}

Verdict may_always(const ThreadState& state, const std::string& tool) {
  const std::vector<std::string>& tools = state.thread.approved_tools;
  const bool known = std::ranges::find(tools, tool) != tools.end();
  const bool fits = tools.size() < limits::approved_tools_max &&
                    bytes_of(tools) + tool.size() <= limits::approved_bytes_max;
  if (known || fits) return {};
  return refuse(codes::too_many, "the thread has too many approved tools: take some back first");
}

void always_approve(Draft& draft, const std::string& tool) {
  std::vector<std::string> tools = draft.state().thread.approved_tools;
  if (std::ranges::find(tools, tool) != tools.end()) return;
  tools.push_back(tool);
  ThreadUpdated updated;
  updated.approved_tools = std::move(tools);
  draft.say(std::move(updated));
}

std::string denied_content(const std::string& reason) {
  std::string content(denied_result);
  if (!reason.empty()) content += ": " + reason;
  return content;
}

}  // namespace

Verdict answer_call(Draft& draft, const AnswerCall& change, const Past& past, WalkLeft& left) {
  const ThreadState& state = draft.state();
  const auto row = answer_at(state, change.message);
  if (!row) return std::unexpected(row.error());
  const auto call = find_call(state, change.message, change.call, left);
  if (!call) return std::unexpected(call.error());
  if (Verdict seen = was_seen(draft, **row, *call, past); !seen) return seen;
  if (call->answered) return refuse(codes::answered, "call " + change.call + " has its result");
  // An earlier answer's call of the same id, still open, would take the result of this one.
  if (call->denied) {
    return refuse(codes::answered, "call " + change.call + " was denied: it takes no result");
  }
  if (state.messages.size() >= limits::messages_max) {
    return refuse(codes::too_many, "the thread has too many messages: start a new one");
  }
  const MessageId end = end_behind(state, change.message);
  Message message;
  message.id = change.id;
  message.parent = end;
  message.role = Role::tool;
  message.parts = {ToolResultPart{change.call, change.content, false, change.failed}};
  if (Verdict fit = calls_take_put(state, message, left); !fit) return fit;
  if (!is_taken_by(state, {change.message, call->part}, message)) {
    return refuse(codes::busy, "a later call of the same id is open: answer that one first");
  }
  const bool leads = state.thread.head == end;
  put_new(draft, std::move(message));
  if (leads) move_head(draft, change.id);
  return {};
}

Verdict decide_call(Draft& draft, const DecideCall& change, const Past& past, WalkLeft& left) {
  const auto row = answer_at(draft.state(), change.message);
  if (!row) return std::unexpected(row.error());
  const Message& message = (*row)->message;
  const auto call = find_call(draft.state(), change.message, change.call, left);
  if (!call) return std::unexpected(call.error());
  if (Verdict seen = was_seen(draft, **row, *call, past); !seen) return seen;
  if (message.status == MessageStatus::open) {
    return refuse(codes::busy, "the answer with this call is still written: wait for its end");
  }
  if (Verdict fit = may_decide(message, *call, change); !fit) return fit;
  if (change.always) {
    if (Verdict fit = may_always(draft.state(), call->tool); !fit) return fit;
  }
  const std::uint32_t part = static_cast<std::uint32_t>(message.parts.size());
  draft.say(CallNoted{change.message, CallNote{call->part, change.decision, change.reason}});
  if (change.decision == CallStatus::denied) {
    draft.say(PartStarted{change.message, part,
                          ToolResultPart{change.call, denied_content(change.reason), true}});
  }
  if (change.always) always_approve(draft, call->tool);
  return {};
}

}  // namespace lockstep
