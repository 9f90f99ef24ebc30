// SPDX-License-Identifier: Apache-2.0
// calls.h: every order of answers, decisions, stops, claims and crashes around a few tool calls.
//
// A second small world besides world.h: fronts that see the present, one writer, and calls. After
// every action the engine's own rules and the oracle (tests/laws/oracle.h), which shares no code
// with them, must have come to the same state and the same answer, and the laws of calls
// (tests/laws/calls_law.h) and of the diff must hold.
//
// Two worlds are the same if their states are, with timestamps renamed by rank: what comes later
// depends on nothing else. The search is breadth-first, as explorer.h's, and also keeps only the
// action that led to a world.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/explore/canon.h"
#include "tests/explore/explorer.h"
#include "tests/laws/calls_law.h"
#include "tests/support/story.h"

namespace lockstep::explore {

// How often each may happen.
struct CallsBounds {
  std::uint32_t starts = 2;  // by fronts, continuations included
  std::uint32_t calls = 2;   // of a run
  std::uint32_t answers = 2;
  std::uint32_t decisions = 2;
  std::uint32_t stops = 1;
  std::uint32_t claims = 1;
  std::uint32_t others =
      1;  // cuts by the writer, moves of the head, deletions, times that pass: each
};

enum class CallsKind : std::uint8_t {
  // a front's
  starts,
  continues,
  answers,
  approves,
  approves_always,
  denies,
  begins_work,
  stops,
  stops_all,  // its user had seen nothing of the run yet
  moves_head,
  deletes,
  // the writer's
  opens_message,
  calls_write,  // needs approval
  calls_look,
  cuts_message,
  ends_message,
  completes,
  fails,
  // others'
  claims,
  falls_back,  // another agent takes over
  time_passes,
  crashes,
};
inline constexpr std::size_t calls_kinds = static_cast<std::size_t>(CallsKind::crashes) + 1;
[[nodiscard]] const char* name_of(CallsKind kind);

struct CallsAction {
  CallsKind kind = CallsKind::crashes;
  std::uint8_t number = 0;  // of the run or the message in the state
  std::uint8_t part = 0;    // of a call
};
[[nodiscard]] std::string describe(const CallsAction& action);

// The engine's functions; a test passes wrong ones.
struct CallsDeciders {
  Deciders usual = engines_own();
  std::function<std::expected<Decision, StepRefusal>(const ThreadState&, const AttemptRequest&,
                                                     Timestamp, const Rules&)>
      attempt = [](const auto&... all) { return decide(all...); };
};

struct CallsWorld {
  CallsWorld();
  ThreadState state;
  oracle::Oracle oracle;
  test::CallsLaw law;
  std::vector<std::shared_ptr<const Entry>> entries;
  std::vector<ThreadState> states;  // before each entry
  std::uint64_t clock = 0;
  std::map<CallsKind, std::uint32_t> done;
};

class CallsExplorer {
 public:
  CallsExplorer(const CallsBounds& bounds, CallsDeciders deciders);
  CallsExplorer(const CallsExplorer&) = delete;
  CallsExplorer& operator=(const CallsExplorer&) = delete;

  struct Found {
    std::string what;
    std::vector<CallsAction> path;
  };
  // As Explorer::explore.
  std::optional<Found> explore(const Limits& limits,
                               const std::function<void(const Progress&)>& tell);
  [[nodiscard]] const Progress& progress() const { return progress_; }
  // By name: actions, outcomes, and the ends of waiting.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  struct Node {
    std::uint32_t parent = 0;
    CallsAction action;
  };
  struct Step {
    std::uint32_t node = 0;
    CallsWorld world;
  };

  [[nodiscard]] std::vector<CallsAction> possible(const CallsWorld& world) const;
  // The broken law in words; empty: none.
  std::string move(CallsWorld& world, const CallsAction& action);
  std::string ask(CallsWorld& world, const CallsAction& action);
  std::string write(CallsWorld& world, const CallsAction& action);
  std::string attempt(CallsWorld& world, const CallsAction& action);
  std::string append(CallsWorld& world, Decision& decision);
  std::string compare(CallsWorld& world) const;
  [[nodiscard]] std::string law_of_diffs(const CallsWorld& world) const;
  std::string former_writer(const CallsWorld& world) const;
  const CallsWorld& world_of(std::uint32_t node, std::size_t depth);
  std::optional<Found> go_on_from(std::uint32_t node, std::size_t depth);
  [[nodiscard]] Rules rules() const;
  void count(const std::string& name) {
    if (counting_) ++counts_[name];
  }

  CallsBounds bounds_;
  CallsDeciders deciders_;
  test::AnyAgents agents_;
  Visited visited_;
  std::vector<Node> nodes_;
  std::vector<Step> walk_;
  Progress progress_;
  std::map<std::string, std::uint64_t> counts_;
  bool counting_ = true;
};

}  // namespace lockstep::explore
