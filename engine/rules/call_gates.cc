// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/call_gates.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/must.h"
#include "engine/rules/call_results.h"

namespace lockstep {
namespace {

const ToolCallPart* call_at(const Parts& parts, std::size_t part) {
  return part < parts.size() ? std::get_if<ToolCallPart>(&parts[part]) : nullptr;
}

bool tells_denial(const Parts& parts, std::size_t part) {
  return std::ranges::any_of(parts, [&](const Part& each) {
    const auto* result = std::get_if<ToolResultPart>(&each);
    return result && result->made && result->call == call_at(parts, part)->id &&
           result->content.starts_with(denied_result);
  });
}

// The notes of the calls that are there again, at their new places. Of equal calls the first keeps
// the first's.
std::vector<CallNote> moved_notes(const std::vector<CallNote>& notes, const Parts& former,
                                  const Parts& parts) {
  std::vector<CallNote> moved;
  std::vector<bool> taken(parts.size());
  for (CallNote note : notes) {
    const ToolCallPart* call = call_at(former, note.part);
    for (std::size_t at = 0; call && at < parts.size(); ++at) {
      const ToolCallPart* again = call_at(parts, at);
      if (!again || taken[at] || *again != *call) continue;
      taken[at] = true;
      note.part = static_cast<std::uint32_t>(at);
      moved.push_back(std::move(note));
      break;
    }
  }
  for (CallNote& note : moved) {
    // Without the result that tells the model of the denial, it is none.
    if (note.status != CallStatus::denied || tells_denial(parts, note.part)) continue;
    note = {note.part, CallStatus::needs_approval};
  }
  std::ranges::sort(moved, {}, &CallNote::part);
  return moved;
}

// Had the message a call of this tool that a person was to decide?
bool was_gated(const std::vector<CallNote>& notes, const Parts& former, const ToolCallPart& call) {
  return std::ranges::any_of(notes, [&](const CallNote& note) {
    const ToolCallPart* gated = call_at(former, note.part);
    return gated && (gated->id == call.id || gated->name == call.name);
  });
}

// A call that was there as it is, without a note, needed none. A copy of it is another call.
bool take_ungated(const Message& before, const Part& call, std::vector<bool>& taken) {
  for (std::size_t at = 0; at < before.parts.size(); ++at) {
    if (taken[at] || before.parts[at] != call || note_of(before, at)) continue;
    taken[at] = true;
    return true;
  }
  return false;
}

void ask_again(const Draft& draft, Message& message, const Message& before) {
  if (!message.run) return;
  std::vector<bool> taken(before.parts.size());
  const Parts& former = before.parts;
  const AgentName& agent = draft.state().run(*message.run)->run.agent;
  const std::vector<std::string>& approved = draft.state().thread.approved_tools;
  for (std::size_t at = 0; at < message.parts.size(); ++at) {
    const ToolCallPart* call = call_at(message.parts, at);
    if (!call || note_of(message, at)) continue;
    const bool known = take_ungated(before, message.parts[at], taken);
    const bool asks = draft.rules().agents.asks_before(agent, call->name) ||
                      was_gated(before.calls, former, *call);
    if (known || !asks || std::ranges::find(approved, call->name) != approved.end()) continue;
    message.calls.push_back({static_cast<std::uint32_t>(at), CallStatus::needs_approval});
  }
  std::ranges::sort(message.calls, {}, &CallNote::part);
}

// Had a person to decide this call? What an open answer's writer is at work on was never gated:
// nobody decides before its end.
bool was_decided(const CallNote* note, bool open) {
  return note && (note->status != CallStatus::running || !open);
}

}  // namespace

void cut_parts(Draft& draft, const MessageState& row, std::vector<Units> keep,
               MessageStatus status) {
  const Message former = row.message;  // a copy: the events change the row
  draft.say(MessageCut{former.id, std::move(keep), status});
  if (!former.run) return;
  const Parts parts = draft.state().living(former.id)->message.parts;
  const Agents& agents = draft.rules().agents;
  const AgentName agent = draft.state().run(*former.run)->run.agent;
  const std::vector<std::string> approved = draft.state().thread.approved_tools;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    const ToolCallPart* call = call_at(parts, part);
    if (!call || *call == *call_at(former.parts, part)) continue;
    const bool gated = was_decided(note_of(former, part), former.status == MessageStatus::open);
    if (!gated && !agents.asks_before(agent, call->name)) continue;
    const bool always = std::ranges::find(approved, call->name) != approved.end();
    draft.say(
        CallNoted{former.id, {part, always ? CallStatus::approved : CallStatus::needs_approval}});
  }
}

void keep_beside(const Draft& draft, Message& message, const Message& before) {
  const Parts& former = before.parts;
  const Parts& parts = message.parts;
  const bool same = parts == former;
  const auto is_kept = [&](std::size_t part) {
    return same || (part < parts.size() && parts[part] == former[part]);
  };
  message.opaque.keep(
      [&](const std::optional<std::uint32_t>& part) { return part ? is_kept(*part) : same; });
  message.calls = moved_notes(before.calls, former, parts);
  ask_again(draft, message, before);
}

}  // namespace lockstep
