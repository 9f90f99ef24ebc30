// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/calls.h"

#include <gtest/gtest.h>

// Every world around a few calls keeps the laws; and rules that are wrong are found out.

namespace lockstep::explore {
namespace {

constexpr std::uint32_t calls_depth = 7;

std::string told(const std::optional<CallsExplorer::Found>& found) {
  if (!found) return "";
  std::string text = found->what;
  for (const CallsAction& action : found->path) text += "\n  " + describe(action);
  return text;
}

TEST(ExploreCalls, NoLawIsBrokenAndEveryActionAndOutcomeHappens) {
  CallsExplorer explorer({}, {});

  const auto found = explorer.explore({calls_depth, 0}, nullptr);

  EXPECT_EQ(told(found), "");
  EXPECT_EQ(explorer.progress().depth, calls_depth);
  for (std::size_t kind = 0; kind < calls_kinds; ++kind) {
    const std::string name = std::string("does ") + name_of(static_cast<CallsKind>(kind));
    EXPECT_TRUE(explorer.counts().contains(name)) << name;
  }
  for (const char* name :
       {"change answers applied", "change answers answered", "change answers needs_approval",
        "change approves applied", "change approves decided", "change approves busy",
        "change denies applied", "change denies answered", "change begins_work needs_approval",
        "change stops applied", "attempt taken", "attempt invalid", "a run waits", "a run resumed",
        "a run given up: stopped", "a run given up: head_left", "a run given up: moved_on",
        "a run given up: expired"}) {
    EXPECT_TRUE(explorer.counts().contains(name)) << name;
  }
}

// --- Wrong rules ---------------------------------------------------------------------------------

// The engine's rules, and a change of each of their decisions.
template <class Spoil>
CallsDeciders spoilt(Spoil spoil) {
  CallsDeciders deciders;
  deciders.usual.changes = [spoil, own = deciders.usual.changes](
                               const ThreadState& state, const Pasts& pasts,
                               const ChangeRequest& request, Timestamp at, const Rules& rules) {
    Decision decision = own(state, pasts, request, at, rules);
    spoil(decision.entry.events);
    return decision;
  };
  return deciders;
}

TEST(ExploreCalls, FindsThatADenialGivesNoResult) {
  CallsExplorer explorer({}, spoilt([](std::vector<Event>& events) {
                           std::erase_if(events, [](const Event& event) {
                             return std::holds_alternative<PartStarted>(event);
                           });
                         }));

  EXPECT_TRUE(explorer.explore({calls_depth, 0}, nullptr));
}

TEST(ExploreCalls, FindsThatAnExpiredRunIsResumed) {
  CallsDeciders deciders;
  deciders.usual.changes = [own = deciders.usual.changes](ThreadState state, const Pasts& pasts,
                                                          const ChangeRequest& request,
                                                          Timestamp at, const Rules& rules) {
    for (const std::uint32_t number : state.awaiting) {
      state.runs.edit(number).run.resume->until = Timestamp(UINT64_MAX);
    }
    return own(state, pasts, request, at, rules);
  };
  CallsExplorer explorer({}, std::move(deciders));

  EXPECT_TRUE(explorer.explore({calls_depth, 0}, nullptr));
}

TEST(ExploreCalls, FindsThatAFormerWriterIsNotFenced) {
  CallsDeciders deciders;
  deciders.usual.steps = [own = deciders.usual.steps](const ThreadState& state, StepBatch batch,
                                                      Timestamp at, const Rules& rules) {
    if (const RunState* row = state.run(batch.run)) batch.attempt = row->run.attempt;
    return own(state, batch, at, rules);
  };
  CallsExplorer explorer({}, std::move(deciders));

  EXPECT_TRUE(explorer.explore({calls_depth, 0}, nullptr));
}

TEST(ExploreCalls, FindsThatACrashLeavesACallOpen) {
  CallsDeciders deciders;
  deciders.usual.crash = [own = deciders.usual.crash](const ThreadState& state, const RunError& why,
                                                      Timestamp at, const Rules& rules) {
    Decision decision = own(state, why, at, rules);
    std::erase_if(decision.entry.events,
                  [](const Event& event) { return std::holds_alternative<PartStarted>(event); });
    return decision;
  };
  CallsExplorer explorer({}, std::move(deciders));

  EXPECT_TRUE(explorer.explore({calls_depth, 0}, nullptr));
}

}  // namespace
}  // namespace lockstep::explore
