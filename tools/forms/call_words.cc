// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/call_words.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/rules/call_results.h"
#include "engine/rules/resume.h"
#include "server/base/printable.h"

namespace lockstep {
namespace {

constexpr std::size_t reason_points = 200;

// Has the call a real result, on the path to the head if it goes on from this message?
bool is_answered(const ThreadState& state, const Message& message, std::size_t part) {
  const std::optional<MessageId>& head = state.thread.head;
  const bool leads = head && state.lies_below(*head, message.id);
  std::vector<const Message*> path;
  for (const MessageState* row : state.path(leads ? head : std::optional(message.id))) {
    path.push_back(&row->message);
  }
  const std::vector<CallResult> calls = match_results(path).calls;
  return std::ranges::any_of(calls, [&](const CallResult& call) {
    return path[call.call.message]->id == message.id && call.call.part == part && call.result &&
           !call.made;
  });
}

// Its run waited for the answer, and the time was over.
bool is_expired(const ThreadState& state, const Message& message, std::size_t part) {
  const RunState* row = message.run ? state.run(*message.run) : nullptr;
  return row && row->run.resume && row->run.resume->why == resume_ends::expired &&
         !is_answered(state, message, part);
}

}  // namespace

std::string call_words(const ThreadState* state, const Message& message, std::size_t part) {
  const CallNote* note = note_of(message, part);
  if (note && note->status == CallStatus::denied) {
    return note->reason.empty() ? "denied" : "denied: " + one_line(note->reason, reason_points);
  }
  if (state && is_expired(*state, message, part)) return "expired";
  if (!note) return {};
  switch (note->status) {
    case CallStatus::needs_approval:
      return "needs approval";
    case CallStatus::approved:
      return "approved";
    case CallStatus::running:
      return "running";
    case CallStatus::denied:
      break;
  }
  std::unreachable();
}

}  // namespace lockstep
