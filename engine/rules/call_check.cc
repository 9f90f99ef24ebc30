// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_check.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rules/call_places.h"
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

bool was_denied(const Message& message, std::size_t part) {
  const CallNote* note = note_of(message, part);
  return note && note->status == CallStatus::denied;
}

// A call that waits for approval takes no result, and one that was denied has its own.
// `is_new`: does the change bring this result?
// A result that says that the server made it is no way round a person.
template <class IsNew>
Verdict notes_take(std::span<const Message* const> path, IsNew is_new) {
  for (const CallResult& call : match_results(path).calls) {
    if (!call.result || !is_new(*call.result)) continue;
    if (Verdict fit = may_take_result(*path[call.call.message], call.call.part); !fit) return fit;
  }
  return {};
}

Verdict too_long() {
  return refuse(codes::too_many,
                "the request brings too many results for calls far above: send fewer at once");
}

// The calls and results of some ids among messages: as many more calls as results, of each id?
class Balance {
 public:
  explicit Balance(std::span<const Message> added) {
    for (const Message& message : added) {
      for (const Part& part : message.parts) {
        if (const auto* result = std::get_if<ToolResultPart>(&part))
          open_.try_emplace(result->call);
      }
    }
    for (const Message& message : added) count(message);
  }

  // True if the message has a call of one of the ids that may take a result. One that was denied
  // has its result: a call further up may be the one that is open.
  bool count(const Message& message) {
    bool found = false;
    for (std::size_t at = 0; at < message.parts.size(); ++at) {
      const auto* call = std::get_if<ToolCallPart>(&message.parts[at]);
      const auto* result = std::get_if<ToolResultPart>(&message.parts[at]);
      const bool calls = call && message.role == Role::assistant && !was_denied(message, at);
      if (!calls && !(result && !is_made_result(message, *result))) continue;
      const auto open = open_.find(calls ? call->id : result->call);
      if (open == open_.end()) continue;
      open->second += calls ? 1 : -1;
      found = found || calls;
    }
    return found;
  }
  [[nodiscard]] bool fits() const {
    return std::ranges::all_of(open_, [](const auto& each) { return each.second >= 0; });
  }

 private:
  std::unordered_map<std::string_view, std::int64_t> open_;
};

// Messages that bring results, and when they were sent: a call that was edited since is another.
struct Newcomers {
  std::span<const Message> messages;
  Timestamp sent{std::numeric_limits<std::uint64_t>::max()};
};

Verdict calls_as_sent(const ThreadState& state, std::span<const Message* const> path,
                      const Newcomers& brought) {
  const std::size_t first = path.size() - brought.messages.size();
  for (const CallResult& call : match_results(path).calls) {
    if (!call.result || call.made || call.result->message < first) continue;
    if (call.call.message >= first) continue;  // it brings the call too
    if (state.message(path[call.call.message]->id)->whole <= brought.sent) continue;
    const auto& asked = std::get<ToolCallPart>(path[call.call.message]->parts[call.call.part]);
    return refuse(codes::changed,
                  "call " + asked.id + " is another than the one that has its result");
  }
  return {};
}

// Is no result of `brought`, which follows `head`, a stray? A result belongs to the last call that
// is open, so the lower end of the path is enough if all fit there, and mostly the first call
// upwards is the one.
Verdict calls_take(const ThreadState& state, const std::optional<MessageId>& head,
                   const Newcomers& brought, WalkLeft& left) {
  Balance balance(brought.messages);
  std::vector<const Message*> up;
  // On the part of the path that was walked.
  struct Judged {
    std::optional<StrayResult> stray;
    Verdict calls;
  };
  const auto judge = [&]() -> Judged {
    const std::vector<const Message*> before(up.rbegin(), up.rend());
    std::vector<const Message*> after = before;
    for (const Message& message : brought.messages) after.push_back(&message);
    const auto is_new = [&](PartPlace at) { return at.message >= before.size(); };
    Verdict notes = notes_take(after, is_new);
    return {new_stray(before, after), notes ? calls_as_sent(state, after, brought) : notes};
  };
  std::optional<MessageId> next = head;
  std::size_t walked = 0;
  while (next) {
    const Message& message = state.message(*next)->message;
    const std::size_t work = 1 + message.parts.size();
    if (!left.take(work)) return too_long();
    walked += work;
    up.push_back(&message);
    if (balance.count(message) && balance.fits()) {
      if (!left.take(walked)) return too_long();
      if (Judged judged = judge(); !judged.stray) return judged.calls;
    }
    next = message.parent;
  }
  if (!left.take(walked)) return too_long();
  const Judged judged = judge();
  return judged.stray ? verdict_on(judged.stray) : judged.calls;
}

}  // namespace

Verdict calls_take_input(const ThreadState& state, const std::optional<MessageId>& head,
                         const SentInput& input, WalkLeft& left) {
  // Most inputs have none, and are spared the walk over the path.
  if (!std::ranges::any_of(input.messages, has_result, &MessageInput::parts)) return {};
  std::vector<Message> added;
  for (const MessageInput& each : input.messages) {
    Message& message = added.emplace_back();
    message.role = each.role;
    message.parts = each.parts;
  }
  return calls_take(state, head, {added, input.sent}, left);
}

Verdict calls_take_put(const ThreadState& state, const Message& put, WalkLeft& left) {
  if (!has_result(put.parts)) return {};
  if (state.message(put.id) == nullptr) return calls_take(state, put.parent, {{&put, 1}}, left);
  const std::optional<MessageId>& head = state.thread.head;
  const bool leads_to_head = head && state.lies_below(*head, put.id);
  const std::vector<const Message*> before =
      messages_to(state, leads_to_head ? head : std::optional(put.id));
  if (!left.take(work_of(before))) return too_long();
  std::vector<const Message*> after = before;
  std::ranges::replace_if(
      after, [&put](const Message* message) { return message->id == put.id; }, &put);
  if (Verdict fit = verdict_on(new_stray(before, after)); !fit) return fit;
  const Parts& former = state.message(put.id)->message.parts;
  return notes_take(after, [&](PartPlace at) {
    if (after[at.message] != &put) return false;
    const Part& result = put.parts[at.part];
    const bool made = is_made_result(put, std::get<ToolResultPart>(result));
    return !made || std::ranges::find(former, result) == former.end();
  });
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
      return state.messages[number].message.continues ==
             message;  // a deleted one continues nothing
    });
    if (is_open(row.run.status) || continues) return &row;
  }
  return nullptr;
}

}  // namespace lockstep
