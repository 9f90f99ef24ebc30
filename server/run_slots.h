// SPDX-License-Identifier: Apache-2.0
// run_slots.h: how many runs an agent has at work at once, and whose turn is next.
//
// A model server takes only some requests at a time. If an agent has a limit, its further runs wait
// here: their threads have started them, and no byte goes to the model yet. The rules, which the
// tests check over random histories:
//
//   limit    never more runs at work than the limit, unless it was lowered below them: then they
//            end as usual, and no run gets a slot before
//   no gap   while a run waits, the limit is reached
//   user     the next slot goes to the waiting user who holds the fewest, and among those to the
//   one
//            who got one longest ago. So nobody without a slot starves, and a user with many runs
//            does not hold up the others
//   order    a user's own runs go first come, first served
//
// A run that ends frees its slot, a run that is stopped while it waits frees its place.
//
// Lives on: the engine strand. It knows no clock and no model: a pure machine.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/ids.h"
#include "engine/rules/agent_face.h"

namespace lockstep {

class RunSlots {
 public:
  using Limit = std::optional<std::uint32_t>;  // nothing: the agent has none
  // `last`: what it was when it was asked before. An agent that was taken out of the configuration
  // keeps it: the runs that it has still ask its model.
  using LimitOf = std::function<Limit(const AgentName& agent, Limit last)>;
  struct Place {
    AgentName agent;
    UserId user;
  };

  explicit RunSlots(LimitOf limit) : limit_(std::move(limit)) {}

  // True: the run may begin now. False: it waits until `take` names it. Requires: `run` is neither
  // at work nor waiting.
  [[nodiscard]] bool ask(const std::string& run, const Place& place);
  // The run has ended, or does not wait any more. Does nothing if it has neither slot nor place.
  void leave(const std::string& run);
  // The runs that may begin now, in their order. Call it after `leave`, and when a limit may have
  // changed.
  [[nodiscard]] std::vector<std::string> take();

  [[nodiscard]] bool waits(const std::string& run) const;
  // Of an agent, with and without a limit.
  [[nodiscard]] AgentLoad load(const AgentName& agent) const;

 private:
  struct Line {
    Limit limit;
    std::size_t at_work = 0;
    std::map<UserId, std::size_t> held;                 // slots, never 0
    std::deque<UserId> turns;                           // of users with waiting runs, each once
    std::map<UserId, std::deque<std::string>> waiting;  // never empty for a user
    std::size_t waiting_count = 0;
  };
  struct Known {
    Place place;
    bool waits = false;
  };

  [[nodiscard]] bool has_room(const AgentName& agent, Line& line) const;
  void take_next(Line& line, std::vector<std::string>& begins);

  LimitOf limit_;
  std::map<AgentName, Line> lines_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace lockstep
