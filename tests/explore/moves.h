// SPDX-License-Identifier: Apache-2.0
// moves.h: applies an action to a world.
//
// The rules are the engine's own: `Deciders` holds its functions, so that a test can pass wrong
// ones and see that the laws find them. The behaviour of fronts and producers is written here, from
// docs/protocol.md. laws.h checks every arrival and every entry.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>

#include "tests/explore/actions.h"

namespace lockstep::explore {

struct Deciders {
  std::function<Decision(const ThreadState&, const Pasts&, const ChangeRequest&, Timestamp,
                         const Rules&)>
      changes;
  std::function<std::expected<Decision, StepRefusal>(const ThreadState&, const StepBatch&,
                                                     Timestamp, const Rules&)>
      steps;
  std::function<Decision(const ThreadState&, const RunError&, Timestamp, const Rules&)> crash;
};
[[nodiscard]] Deciders engines_own();

struct Counts {
  std::array<std::uint64_t, kinds> actions{};
  std::map<std::string, std::uint64_t> outcomes;  // of changes by type, of batches, and of repeats
};

// One kind of agent, without settings.
class OneAgent : public Agents {
 public:
  [[nodiscard]] std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const override;
  // A restart changes nothing of a run that outlives it, so there is nothing to explore.
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& /*agent*/, std::string_view /*settings*/) const override {
    return std::nullopt;
  }
};

class Mover {
 public:
  explicit Mover(Deciders deciders);
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  // Requires: the action is possible. Returns the broken law in words; empty if all hold.
  [[nodiscard]] std::string move(World& world, const Action& action);
  // Inputs that may arrive at any time and must change nothing: a request or a batch sent again,
  // a batch behind one that was lost, and one of a run that is over.
  [[nodiscard]] std::string repeat(const World& world);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  // Worlds that are made once more, to go on from there, are not counted.
  void count(bool counting) { counting_ = counting; }

 private:
  std::string request_arrives(World& world, const Action& action);
  std::string request_repeats(const World& world, std::size_t front, const Asked& asked);
  std::string batch_arrives(World& world, const Action& action);
  std::string batches_repeat(const World& world, const RunState& row);
  std::string refused(const World& world, const StepBatch& batch, const std::string& code);
  std::string crash(World& world);
  std::string append(World& world, Decision& decision);
  [[nodiscard]] Decision decide_changes(const World& world, std::size_t front,
                                        const Asked& asked) const;
  void count_outcome(const std::string& name);

  Deciders deciders_;
  OneAgent agent_;
  Rules rules_;
  Counts counts_;
  bool counting_ = true;
};

}  // namespace lockstep::explore
