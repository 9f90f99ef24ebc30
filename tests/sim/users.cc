// SPDX-License-Identifier: Apache-2.0
// users.cc: the changes that users make, sensible and not.
#include <algorithm>

#include "engine/base/limits.h"
#include "tests/sim/world.h"
#include "tests/support/given.h"

namespace lockstep::sim {

// No two are the same.
std::string World::word(Chance& chance) {
  constexpr const char* words[] = {"one", "deux", "\xC3\xA9t\xC3\xA9",
                                   "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", "\xE6\xBC\xA2\xE5\xAD\x97"};
  return words[chance.upto(std::size(words))] + std::to_string(++names_) + " ";
}

MessageId World::some_message(Device& device, Chance& chance) {
  const auto& messages = device.memory().screen().messages;
  if (messages.empty() || chance.one_in(16)) return MessageId("nowhere");
  const std::size_t span = std::min<std::size_t>(6, messages.size());
  return messages[messages.size() - 1 - chance.upto(span)].id;
}

// Mostly one of the last answers on the screen.
MessageId World::some_answer(Device& device, Chance& chance) {
  std::vector<MessageId> answers;
  for (const Message& message : device.memory().screen().messages) {
    if (message.role == Role::assistant) answers.push_back(message.id);
  }
  if (answers.empty() || chance.one_in(10)) return some_message(device, chance);
  return answers[answers.size() - 1 - chance.upto(std::min<std::size_t>(3, answers.size()))];
}

// One of the last calls on the screen; it may have been cut since, or answered.
std::optional<std::string> World::some_call(Device& device, Chance& chance) {
  std::vector<std::string> calls;
  for (const Message& message : device.memory().screen().messages) {
    for (const Part& part : message.parts) {
      if (const auto* call = std::get_if<ToolCallPart>(&part)) calls.push_back(call->id);
    }
  }
  if (calls.empty()) return {};
  return calls[calls.size() - 1 - chance.upto(std::min<std::size_t>(4, calls.size()))];
}

StartRun World::some_start(Device& device, Chance& chance) {
  StartRun start;
  start.run = RunId("r" + std::to_string(++names_));
  constexpr const char* agents[] = {"push", "push", "default", "careful", "hands", "hands"};
  start.agent = AgentName(agents[chance.upto(std::size(agents))]);
  if (chance.one_in(24)) start.agent = AgentName(chance.one_in(2) ? "nobody" : "hasty");
  start.resumes = chance.one_in(2);
  const auto& runs = device.memory().screen().runs;
  if (!runs.empty() && chance.one_in(16)) start.run = runs[chance.upto(runs.size())].id;
  if (!runs.empty() && chance.one_in(24)) {
    // The id that the server would give to the run that goes on.
    start.run = RunId(runs.back().id.get() + ".2");
    start.agent = AgentName("default");
  }
  if (chance.one_in(5)) start.continues = some_answer(device, chance);
  if (start.continues ? chance.one_in(12) : !chance.one_in(8)) {
    start.input.push_back(test::said("m" + std::to_string(++names_), word(chance)));
    if (chance.one_in(10)) start.input.front().id = some_message(device, chance);
  }
  if (!start.continues && chance.one_in(3)) {
    start.place = lockstep::Place{
        chance.one_in(2) ? lockstep::Place::Kind::after : lockstep::Place::Kind::parent,
        some_message(device, chance)};
    if (chance.one_in(8)) start.place->message.reset();
  }
  if (chance.one_in(3)) start.when_busy = static_cast<WhenBusy>(chance.upto(4));
  if (device.memory().last_op().get() > 0 && chance.one_in(6)) {
    start.needs.push_back(device.memory().last_op());
  }
  const bool parent = start.place && start.place->kind == lockstep::Place::Kind::parent;
  const WhenBusy when = start.when_busy.value_or(parent ? WhenBusy::stop : WhenBusy::queue);
  if (when == WhenBusy::stop || when == WhenBusy::rollback) {
    judge_.records.thread(device.is().thread).said[start.run].may_overtake = true;
  }
  return start;
}

StopRun World::some_stop(Device& device, Chance& chance) {
  StopRun stop;
  const Screen& screen = device.memory().screen();
  if (!screen.runs.empty() && !chance.one_in(3)) {
    const std::size_t span = std::min<std::size_t>(3, screen.runs.size());
    stop.run = screen.runs[screen.runs.size() - 1 - chance.upto(span)].id;
    const auto running = std::ranges::find(screen.runs, RunStatus::running, &Run::status);
    if (running != screen.runs.end() && chance.one_in(2)) stop.run = running->id;
  }
  if (!chance.one_in(2)) return stop;
  // The front has painted less than it received.
  for (const Message& message : screen.messages) {
    if (!message.run || (stop.run && message.run != stop.run)) continue;
    for (std::uint32_t part = 0; part < message.parts.size(); ++part) {
      const std::string* text = growing_text(message.parts[part]);
      if (!text || chance.one_in(2)) continue;
      stop.shown.push_back({message.id, part, static_cast<Units>(chance.upto(text->size() + 1))});
    }
  }
  return stop;
}

PutMessage World::some_put(Device& device, Chance& chance) {
  const bool known = chance.one_in(2);
  PutMessage put = test::put("m" + std::to_string(++names_), word(chance));
  if (known) put.id = some_message(device, chance);
  if (chance.one_in(6)) put.if_absent = true;
  put.if_unchanged = chance.one_in(3);
  if (chance.one_in(8)) put.author = "someone";
  if (chance.one_in(12)) put.role = Role::assistant;
  if (!known && chance.one_in(3)) {
    put.place = lockstep::Place{
        chance.one_in(2) ? lockstep::Place::Kind::after : lockstep::Place::Kind::parent,
        some_message(device, chance)};
  }
  if (const auto call = some_call(device, chance); call && chance.one_in(4)) {
    if (!known) put.role = Role::tool;
    put.parts = {ToolResultPart{chance.one_in(8) ? "c9" : *call, word(chance), chance.one_in(8)}};
  }
  return put;
}

Memory::What World::some_change(Device& device, ActKind kind, Chance& chance) {
  switch (kind) {
    case ActKind::edit:
      return some_put(device, chance);
    case ActKind::erase_message:
      return DeleteMessage{some_message(device, chance), chance.one_in(3)};
    case ActKind::stop:
      return some_stop(device, chance);
    case ActKind::move_head:
      if (chance.one_in(12)) return MoveHead{std::nullopt};
      return MoveHead{some_message(device, chance)};
    case ActKind::answer_call:
    case ActKind::decide_call:
      if (shown_calls(device, {}).empty() && !chance.one_in(8)) return some_start(device, chance);
      if (kind == ActKind::decide_call) {
        return some_decision(some_shown_call(device, chance), chance);
      }
      return some_answer_of(some_shown_call(device, chance), chance);
    case ActKind::rename:
      if (chance.one_in(3)) return some_approved_tools(chance);
      return UpdateThread{word(chance), std::nullopt, std::nullopt};
    default:
      return some_start(device, chance);
  }
}

// One run is open, and more starts come than may wait.
void World::crowd(Chance& chance) {
  Device& device = some_device(chance);
  for (std::size_t left = limits::queued_runs_max + 2; left > 0; --left) {
    StartRun start;
    start.run = RunId("r" + std::to_string(++names_));
    start.input.push_back(test::said("m" + std::to_string(++names_), word(chance)));
    device.say(std::move(start));
  }
}

void World::user_acts(const Act& act, Chance& chance) {
  Device& device = some_device(chance);
  if (act.kind == ActKind::erase_thread) return device.erase_thread();
  std::uint64_t count = 1;
  ActKind kind = act.kind;
  if (act.kind == ActKind::answer_call && chance.one_in(2)) {
    for (Memory::What& what : settle_calls(device, chance)) device.say(std::move(what));
    return;
  }
  if (act.kind == ActKind::burst) count = chance.one_in(6) ? 70 : chance.between(2, 12);
  for (; count > 0; --count) {
    if (act.kind == ActKind::burst) kind = static_cast<ActKind>(chance.upto(8));
    Memory::What what = some_change(device, kind, chance);
    const auto* start = std::get_if<StartRun>(&what);
    const auto& runs = device.memory().screen().runs;
    // A run that is there has its producer.
    const bool fresh = start && std::ranges::find(runs, start->run, &Run::id) == runs.end();
    if (fresh && start->agent == AgentName("push")) writer_comes(device.is().thread, start->run);
    device.say(std::move(what));
  }
}

}  // namespace lockstep::sim
