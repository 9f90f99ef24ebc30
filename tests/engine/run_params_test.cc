// SPDX-License-Identifier: Apache-2.0
// Starts with parameters that their agent does not take: new ones, known ones, and ones that wait.
#include <gtest/gtest.h>

#include "engine/rules/decide.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

TEST(RunParams, ARunWithParametersThatItsAgentRefusesLeavesOnlyTheMemoryOfItsOp) {
  Story story;
  story.agents().forbidden = Json{R"({"top_k":5})"};
  StartRun change;
  change.run = RunId("r1");
  change.input = {input("u1", "hi")};
  change.params = story.agents().forbidden;
  story.start("r0", "u0", "first");

  const Outcome refused = story.change(change, {}, Op(7));
  story.agents().forbidden.reset();
  const Outcome again = story.change(change, {}, Op(7));

  EXPECT_FALSE(refused.applied);
  EXPECT_EQ(refused.code, "invalid");
  EXPECT_EQ(refused.detail, "params has `top_k`: leave it out");
  EXPECT_EQ(again.code, "invalid") << "an op that is sent again gets its first answer";
  EXPECT_TRUE(story.entries().back().events.empty());
  EXPECT_EQ(story.state().run(RunId("r1")), nullptr);
}

TEST(RunParams, ARunThatWaitsFailsIfItsAgentTakesItsParametersNoLongerAndTheNextOneStarts) {
  Story story;
  story.start("r1", "u1", "hello");
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "anybody there?")};
  change.params = Json{R"({"top_k":5})"};
  story.change(change);
  story.start("r3", "u3", "and you?");
  story.agents().forbidden = change.params;
  const Outcome joins = story.change(change);

  story.steps("r1", {EndRun{}});

  EXPECT_TRUE(joins.applied) << "a start of a run that is there joins it";
  EXPECT_EQ(story.run("r2").status, RunStatus::failed);
  EXPECT_EQ(story.run("r2").error->code, "invalid");
  EXPECT_EQ(story.run("r2").input.size(), 1u);
  EXPECT_EQ(story.run("r3").status, RunStatus::running);
}

}  // namespace
}  // namespace lockstep::test
