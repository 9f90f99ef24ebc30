// SPDX-License-Identifier: Apache-2.0
// call_users.cc: what users say of the calls on their screens: results, and decisions.
//
// Several devices say it of the same few calls, each with the screen that it has: so decisions
// race, and many come too late.
#include <algorithm>

#include "tests/sim/world.h"

namespace lockstep::sim {
namespace {

constexpr std::size_t recent_calls = 4;
constexpr const char* tools[] = {"look", "write", "ask"};

}  // namespace

// In order; of one run, if it is named.
std::vector<World::ShownCall> World::shown_calls(Device& device, const std::optional<RunId>& run) {
  std::vector<ShownCall> calls;
  for (const Message& message : device.memory().screen().messages) {
    if (message.role != Role::assistant || (run && message.run != run)) continue;
    for (std::uint32_t part = 0; part < message.parts.size(); ++part) {
      const auto* call = std::get_if<ToolCallPart>(&message.parts[part]);
      if (!call) continue;
      const auto note = std::ranges::find(message.calls, part, &CallNote::part);
      calls.push_back({message.id, call->id, {}});
      if (note != message.calls.end()) calls.back().note = note->status;
    }
  }
  return calls;
}

World::ShownCall World::some_shown_call(Device& device, Chance& chance) {
  const std::vector<ShownCall> calls = shown_calls(device, {});
  if (calls.empty() || chance.one_in(16)) return {some_answer(device, chance), "c", {}};
  ShownCall call =
      calls[calls.size() - 1 - chance.upto(std::min<std::size_t>(recent_calls, calls.size()))];
  if (chance.one_in(24)) call.call = "never called";
  if (chance.one_in(24)) call.message = some_message(device, chance);
  return call;
}

AnswerCall World::some_answer_of(const ShownCall& call, Chance& chance) {
  AnswerCall answer{call.message, call.call, word(chance), chance.one_in(8),
                    MessageId("m" + std::to_string(++names_))};
  if (chance.one_in(24)) answer.id = call.message;
  return answer;
}

DecideCall World::some_decision(const ShownCall& call, Chance& chance) {
  constexpr CallStatus decisions[] = {CallStatus::approved, CallStatus::approved,
                                      CallStatus::denied, CallStatus::running};
  DecideCall decide{
      call.message, call.call, decisions[chance.upto(std::size(decisions))], {}, false};
  if (decide.decision == CallStatus::denied && chance.one_in(2)) decide.reason = word(chance);
  decide.always = decide.decision == CallStatus::approved && chance.one_in(6);
  return decide;
}

// Everything that the last run that waits is waiting for.
std::vector<Memory::What> World::settle_calls(Device& device, Chance& chance) {
  std::vector<Memory::What> changes;
  const auto& runs = device.memory().screen().runs;
  std::optional<RunId> waiting;
  for (const Run& run : runs) {
    if (run.resume && run.resume->status == ResumeStatus::waiting) waiting = run.id;
  }
  if (!waiting) return changes;
  const Screen& screen = device.memory().screen();
  std::optional<MessageId> last;
  for (const Message& message : screen.messages) {
    if (message.run == waiting) last = message.id;
  }
  // Back to the question, while something else goes on.
  if (last && screen.thread->head != last && chance.one_in(2)) changes.emplace_back(MoveHead{last});
  for (const ShownCall& call : shown_calls(device, waiting)) {
    if (call.note == CallStatus::denied) continue;
    if (call.note == CallStatus::needs_approval) {
      const bool no = chance.one_in(2);
      changes.emplace_back(DecideCall{
          call.message, call.call, no ? CallStatus::denied : CallStatus::approved, {}, false});
      if (no) continue;
    }
    if (!chance.one_in(12)) changes.emplace_back(some_answer_of(call, chance));
  }
  return changes;
}

UpdateThread World::some_approved_tools(Chance& chance) {
  UpdateThread update;
  update.approved_tools.emplace();
  for (const char* tool : tools) {
    if (chance.one_in(4)) update.approved_tools->push_back(tool);
  }
  return update;
}

}  // namespace lockstep::sim
