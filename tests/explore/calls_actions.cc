// SPDX-License-Identifier: Apache-2.0
// calls_actions.cc: which actions are possible in a world of calls.h.
#include <algorithm>

#include "tests/explore/calls.h"

namespace lockstep::explore {
namespace {

constexpr const char* kind_names[] = {
    "starts",      "continues",  "answers",      "approves",     "approves_always", "denies",
    "begins_work", "stops",      "stops_all",    "moves_head",   "deletes",         "opens_message",
    "calls_write", "calls_look", "cuts_message", "ends_message", "completes",       "fails",
    "claims",      "falls_back", "time_passes",  "crashes"};
static_assert(std::size(kind_names) == calls_kinds);

class Lister {
 public:
  Lister(const CallsWorld& world, const CallsBounds& bounds)
      : world_(world), state_(world.state), bounds_(bounds) {}

  std::vector<CallsAction> list() {
    const bool starts = done(CallsKind::starts) + done(CallsKind::continues) < bounds_.starts;
    if (starts) add(CallsKind::starts);
    for (std::size_t at = 0; at < state_.messages.size(); ++at) list_message(at, starts);
    for (std::size_t at = 0; at < state_.runs.size(); ++at) {
      if (done(CallsKind::stops) + done(CallsKind::stops_all) >= bounds_.stops) break;
      add(CallsKind::stops, at);
      if (state_.runs[at].run.started) add(CallsKind::stops_all, at);
    }
    if (state_.running) list_writer();
    const bool waits = !state_.awaiting.empty();
    if (waits && done(CallsKind::time_passes) < bounds_.others) add(CallsKind::time_passes);
    return std::move(actions_);
  }

 private:
  std::uint32_t done(CallsKind kind) const {
    const auto found = world_.done.find(kind);
    return found == world_.done.end() ? 0 : found->second;
  }
  void add(CallsKind kind, std::size_t number = 0, std::size_t part = 0) {
    actions_.push_back({kind, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(part)});
  }

  void list_message(std::size_t at, bool starts) {
    const MessageState& row = state_.messages[at];
    if (row.deleted) return;
    const Message& message = row.message;
    const bool answer = message.role == Role::assistant;
    if (starts && answer) add(CallsKind::continues, at);
    const bool moves = done(CallsKind::moves_head) < bounds_.others;
    if (moves && state_.thread.head != message.id) add(CallsKind::moves_head, at);
    if (answer && done(CallsKind::deletes) < bounds_.others) add(CallsKind::deletes, at);
    for (std::size_t part = 0; part < message.parts.size(); ++part) {
      if (std::holds_alternative<ToolCallPart>(message.parts[part])) list_call(at, part);
    }
  }

  void list_call(std::size_t at, std::size_t part) {
    if (done(CallsKind::answers) < bounds_.answers) add(CallsKind::answers, at, part);
    std::uint32_t decided = 0;
    for (const CallsKind kind : {CallsKind::approves, CallsKind::approves_always, CallsKind::denies,
                                 CallsKind::begins_work}) {
      decided += done(kind);
    }
    if (decided >= bounds_.decisions) return;
    add(CallsKind::approves, at, part);
    add(CallsKind::approves_always, at, part);
    add(CallsKind::denies, at, part);
    add(CallsKind::begins_work, at, part);
  }

  void list_writer() {
    const RunState& row = state_.runs[*state_.running];
    add(CallsKind::crashes);
    add(CallsKind::completes);
    add(CallsKind::fails);
    if (done(CallsKind::claims) < bounds_.claims) add(CallsKind::claims);
    if (done(CallsKind::falls_back) < bounds_.claims) add(CallsKind::falls_back);
    if (row.messages.empty()) return add(CallsKind::opens_message);
    const MessageState& open = state_.messages[row.messages.back()];
    if (open.deleted || open.message.status != MessageStatus::open) return;
    add(CallsKind::ends_message);
    const std::size_t parts = open.message.parts.size();
    if (parts > 0 && done(CallsKind::cuts_message) < bounds_.others) add(CallsKind::cuts_message);
    if (parts >= bounds_.calls) return;
    add(CallsKind::calls_write);
    add(CallsKind::calls_look);
  }

  const CallsWorld& world_;
  const ThreadState& state_;
  const CallsBounds& bounds_;
  std::vector<CallsAction> actions_;
};

}  // namespace

const char* name_of(CallsKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::string describe(const CallsAction& action) {
  return std::string(name_of(action.kind)) + " " + std::to_string(action.number) + " " +
         std::to_string(action.part);
}

std::vector<CallsAction> CallsExplorer::possible(const CallsWorld& world) const {
  return Lister(world, bounds_).list();
}

}  // namespace lockstep::explore
