// SPDX-License-Identifier: Apache-2.0
// What the simulation itself must be, before what it says counts.
#include <gtest/gtest.h>

#include <vector>

#include "tests/sim/coverage.h"
#include "tests/sim/world.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t seeds = 24;

Story story_of(std::uint64_t seed, std::set<std::size_t> without = {}) {
  test::Counts counts;
  World world({.seed = seed, .without = std::move(without), .on_trace = {}}, counts);
  return world.run();
}

TEST(Simulation, ASeedIsTheSameRunWheneverItIsRun) {
  std::vector<std::uint64_t> first;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) first.push_back(story_of(seed).hash);

  std::vector<std::uint64_t> again;
  for (std::uint64_t seed = seeds; seed > 0; --seed) {
    again.insert(again.begin(), story_of(seed).hash);
  }

  EXPECT_EQ(first, again);
}

TEST(Simulation, AnotherSeedIsAnotherRun) { EXPECT_NE(story_of(1).hash, story_of(2).hash); }

TEST(Simulation, WhatIsLeftOutOfAPlanChangesTheRun) {
  std::set<std::size_t> all;
  for (std::size_t place = 0; place < make_plan(3).size(); ++place) all.insert(place);

  const Story nothing = story_of(3, all);

  EXPECT_EQ(nothing.wrong, "");
  EXPECT_LT(nothing.events, story_of(3).events);
}

TEST(Simulation, WhatNeverHappenedIsNamed) {
  test::Counts counts;
  for (const std::string& name : must_happen()) counts[name] = 1;
  EXPECT_TRUE(missed(counts).empty());

  counts.erase("fault: torn tail");

  EXPECT_EQ(missed(counts), (std::vector<std::string>{"fault: torn tail"}));
}

}  // namespace
}  // namespace lockstep::sim
