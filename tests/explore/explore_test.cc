// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "tests/explore/explorer.h"

// Every world near the first one keeps the laws; and rules that are wrong are found out, by a
// shortest path.

namespace lockstep::explore {
namespace {

constexpr std::uint32_t small_depth = 5;

std::string told(const std::optional<Counterexample>& found) {
  if (!found) return "";
  std::string text = found->what;
  for (const Action& action : found->path) text += "\n  " + describe(action);
  return text;
}

// The law that these rules break; empty if they break no law.
std::optional<Counterexample> found_with(const Deciders& deciders, const Bounds& bounds = {}) {
  Explorer explorer(bounds, deciders);
  return explorer.explore({small_depth, 0}, nullptr);
}

// The engine's rules; `Spoil` changes each of their decisions.
template <class Spoil>
Deciders spoilt(Spoil spoil) {
  Deciders deciders = engines_own();
  deciders.changes = [spoil, own = deciders.changes](const ThreadState& state, const Pasts& pasts,
                                                     const ChangeRequest& request, Timestamp at,
                                                     const Rules& rules) {
    Decision decision = own(state, pasts, request, at, rules);
    spoil(state, decision.entry);
    return decision;
  };
  return deciders;
}

TEST(Explore, NoLawIsBrokenAndEveryActionAndOutcomeHappens) {
  Explorer explorer(Bounds{}, engines_own());

  const std::optional<Counterexample> found = explorer.explore({small_depth, 0}, nullptr);

  EXPECT_EQ(told(found), "");
  EXPECT_EQ(explorer.progress().depth, small_depth);
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    EXPECT_GT(explorer.counts().actions[kind], 0u) << name_of(static_cast<Kind>(kind));
  }
  for (const char* outcome :
       {"start_run applied", "start_run busy", "start_run depends", "stop_run applied",
        "stop_run built_upon", "stop_run unknown_run", "put_message applied", "request repeated",
        "batch taken", "batch repeated", "batch refused as gap", "batch refused as ended"}) {
    EXPECT_TRUE(explorer.counts().outcomes.contains(outcome)) << outcome;
  }
}

TEST(Explore, ASmallWorldIsExploredToItsEnd) {
  const Bounds bounds{.runs = 1, .tokens = 1, .stops = 0, .puts = 0};
  Explorer explorer(bounds, engines_own());

  const std::optional<Counterexample> found = explorer.explore({64, 0}, nullptr);

  EXPECT_EQ(told(found), "");
  EXPECT_EQ(explorer.progress().open, 0u);
  EXPECT_LT(explorer.progress().depth, 64u);
}

TEST(Explore, TwiceTheSameIsFound) {
  Explorer one(Bounds{}, engines_own());
  Explorer other(Bounds{}, engines_own());

  EXPECT_FALSE(one.explore({4, 0}, nullptr));
  EXPECT_FALSE(other.explore({4, 0}, nullptr));

  EXPECT_EQ(one.progress().worlds, other.progress().worlds);
  EXPECT_EQ(one.counts().outcomes, other.counts().outcomes);
}

struct LessOfKeys {
  bool operator()(const Key& one, const Key& other) const {
    return std::pair(one.high, one.low) < std::pair(other.high, other.low);
  }
};
using Keys = std::set<Key, LessOfKeys>;

// Every world that can be next, and their keys.
Keys next_worlds(Mover& mover, const World& world, std::vector<World>& next) {
  Keys keys;
  for (const Action& action : possible(world, Bounds{})) {
    World after = world;
    EXPECT_EQ(mover.move(after, action), "");
    keys.insert(key_of(after));
    next.push_back(std::move(after));
  }
  return keys;
}

// A key may leave out the rest of a world: worlds with equal keys have the same futures.
TEST(Explore, WorldsThatAreTakenForTheSameGoOnTheSameWay) {
  Mover mover(engines_own());
  std::map<Key, Keys, LessOfKeys> futures;
  std::vector<World> layer{first_world()};
  std::size_t met_again = 0;

  for (std::uint32_t depth = 0; depth < small_depth; ++depth) {
    std::vector<World> next_layer;
    for (const World& world : layer) {
      std::vector<World> next;
      Keys keys = next_worlds(mover, world, next);
      const auto [known, fresh] = futures.try_emplace(key_of(world), keys);
      if (!fresh) ++met_again;
      ASSERT_TRUE(known->second == keys) << "at depth " << depth;
      if (fresh) std::ranges::move(next, std::back_inserter(next_layer));
    }
    layer = std::move(next_layer);
  }

  EXPECT_GT(met_again, 1000u);
}

// --- Planted bugs --------------------------------------------------------------------------------

TEST(Explore, FindsThatTheLargerOfTwoStopsWins) {
  const auto found = found_with(spoilt([](const ThreadState& state, Entry& entry) {
    std::erase_if(entry.events, [&](const Event& event) {
      const auto* cut = std::get_if<MessageCut>(&event);
      return cut && is_over(state.run(*state.message(cut->message)->message.run)->run.status);
    });
  }));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 4u) << told(found);
}

TEST(Explore, FindsThatAStopIsTakenAsSeenNow) {
  Deciders deciders = engines_own();
  deciders.changes = [own = deciders.changes](const ThreadState& state, const Pasts& pasts,
                                              ChangeRequest request, Timestamp at,
                                              const Rules& rules) {
    for (Change& change : request.changes) change.seen = Cursor{state.now, epoch};
    return own(state, pasts, request, at, rules);
  };

  const auto found = found_with(deciders);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 3u) << told(found);
}

TEST(Explore, FindsThatTheHeadIsNotMoved) {
  const auto found = found_with(spoilt([](const ThreadState&, Entry& entry) {
    std::erase_if(entry.events,
                  [](const Event& event) { return std::holds_alternative<HeadMoved>(event); });
  }));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 1u) << told(found);
}

TEST(Explore, FindsThatTheQueueIsTurned) {
  Deciders deciders = engines_own();
  deciders.changes = [own = deciders.changes](ThreadState state, const Pasts& pasts,
                                              const ChangeRequest& request, Timestamp at,
                                              const Rules& rules) {
    std::ranges::reverse(state.waiting);
    return own(state, pasts, request, at, rules);
  };

  const auto found = found_with(deciders, {.runs = 3, .tokens = 0, .stops = 1, .puts = 0});

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 4u) << told(found);
}

TEST(Explore, FindsThatARequestIsForgotten) {
  const auto found =
      found_with(spoilt([](const ThreadState&, Entry& entry) { entry.acks.clear(); }));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 1u) << told(found);
}

TEST(Explore, FindsThatABatchIsForgotten) {
  Deciders deciders = engines_own();
  deciders.steps = [own = deciders.steps](const ThreadState& state, const StepBatch& batch,
                                          Timestamp at, const Rules& rules) {
    auto decision = own(state, batch, at, rules);
    if (decision && !decision->entry.events.empty()) decision->entry.producer.reset();
    return decision;
  };

  const auto found = found_with(deciders);

  ASSERT_TRUE(found);
  EXPECT_LE(found->path.size(), 3u) << told(found);
}

TEST(Explore, FindsThatACrashLeavesARunWaiting) {
  Deciders deciders = engines_own();
  deciders.crash = [own = deciders.crash](const ThreadState& state, const RunError& why,
                                          Timestamp at, const Rules& rules) {
    Decision decision = own(state, why, at, rules);
    std::erase_if(decision.entry.events, [&](const Event& event) {
      const auto* ended = std::get_if<RunEnded>(&event);
      return ended && state.run(ended->run)->run.status == RunStatus::queued;
    });
    return decision;
  };

  const auto found = found_with(deciders);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 3u) << told(found);
}

TEST(Explore, FindsThatAnInterruptingStartCutsNothing) {
  const auto found = found_with(spoilt([](const ThreadState&, Entry& entry) {
    const auto starts = [](const Event& event) { return std::holds_alternative<RunQueued>(event); };
    if (std::ranges::none_of(entry.events, starts)) return;
    for (Event& event : entry.events) {
      const auto* cut = std::get_if<MessageCut>(&event);
      if (cut) event = MessageEnded{MessageId(cut->message), MessageStatus::stopped, {}};
    }
  }));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->path.size(), 3u) << told(found);
}

}  // namespace
}  // namespace lockstep::explore
