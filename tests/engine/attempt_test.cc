// SPDX-License-Identifier: Apache-2.0
// Attempts (engine/rules/attempt.h): another writer takes a running run over.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace lockstep::test {
namespace {

AttemptRequest claim(std::uint32_t former, std::string secret = "s3cret") {
  return {
      .run = RunId("r1"), .former = former, .agent = {}, .claim = std::move(secret), .error = {}};
}

AttemptRequest fallback(const std::string& agent) {
  return {.run = RunId("r1"),
          .former = 1,
          .agent = AgentName(agent),
          .claim = {},
          .error = RunError{"overloaded", "try later"}};
}

struct Started : Story {
  Started() { start("r1", "u1", "hello"); }
  [[nodiscard]] const RunState& row() const { return *state().run(RunId("r1")); }
};

struct AttemptStory : Started {
  MessageId a1{"a1"};
  AttemptStory() {
    EXPECT_TRUE(steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                             StartPart{a1, {}, TextPart{"first words"}}}));
  }
};

TEST(Attempt, NumbersStepsFromOneAndFencesTheFormer) {
  AttemptStory story;
  ASSERT_TRUE(story.attempt(claim(1)));

  EXPECT_EQ(story.row().run.attempt, 2U);
  EXPECT_EQ(story.row().seq, 0U);
  EXPECT_EQ(story.row().claim, "s3cret");
  const auto former = story.write({RunId("r1"), 1, {{3, AppendContent{story.a1, 0, " more"}}}});
  ASSERT_FALSE(former);
  EXPECT_EQ(former.error().code, "fenced");
  ASSERT_TRUE(story.write({RunId("r1"), 2, {{1, AppendContent{story.a1, 0, " and more"}}}}));
  EXPECT_EQ(story.text("a1"), "first words and more");
}

TEST(Attempt, OfAWriterThatWasReplacedIsFenced) {
  AttemptStory story;
  ASSERT_TRUE(story.attempt(claim(1, "one")));

  const auto late = story.attempt(claim(1, "two"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "fenced");
  EXPECT_EQ(story.row().claim, "one");
}

TEST(Attempt, KeepsTheContextAndTheSettingsOfItsAgent) {
  Started story;
  const lockstep::Run before = story.run("r1");
  ASSERT_TRUE(story.attempt(claim(1)));

  EXPECT_EQ(story.run("r1").context_ts, before.context_ts);
  EXPECT_EQ(story.run("r1").head, before.head);
  EXPECT_EQ(story.run("r1").settings, before.settings);
  EXPECT_EQ(story.run("r1").agent, before.agent);
}

TEST(Attempt, OfAnotherAgentHasItsSettingsAndModelAndNoRepairsOfTheFormer) {
  Started story;
  story.steps("r1", {NoteRepairs{{{"param_left_out", 1, {"top_k"}}}}});
  const lockstep::Run before = story.run("r1");
  ASSERT_TRUE(story.attempt(fallback("other")));

  EXPECT_EQ(story.run("r1").agent, AgentName("other"));
  EXPECT_EQ(story.run("r1").model, "model-of-other");
  EXPECT_NE(story.run("r1").settings, before.settings);
  EXPECT_TRUE(story.run("r1").repairs.empty());
}

TEST(Attempt, OfAnotherAgentIsRefusedOnceSomethingWasShown) {
  AttemptStory story;
  const auto late = story.attempt(fallback("other"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "invalid");
  EXPECT_EQ(story.run("r1").attempt, 1U);
}

TEST(Attempt, OfAnotherAgentIsRefusedEvenIfItsMessageWasDeleted) {
  AttemptStory story;
  story.change(DeleteMessage{story.a1, false});  // this ends the run, too
  const auto late = story.attempt(fallback("other"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "ended");
}

TEST(Attempt, OfAnotherAgentIsRefusedIfItDoesNotTakeTheParameters) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "hello")};
  start.params = Json{"{\"top_k\":1}"};
  story.change(start);
  story.agents().forbidden = start.params;
  EXPECT_EQ(story.attempt(fallback("other")).error().code, "invalid");
  EXPECT_TRUE(story.attempt(claim(1)));
}

TEST(Attempt, NeedsARunningRunAndAnAgent) {
  Started story;
  story.start("r2", "u2", "and then?");
  EXPECT_EQ(story.attempt({.run = RunId("r2")}).error().code, "not_started");
  EXPECT_EQ(story.attempt({.run = RunId("r9")}).error().code, "unknown_run");
  EXPECT_EQ(story.attempt(fallback("nobody")).error().code, "unknown_agent");
  story.stop("r1", story.now());
  const auto late = story.attempt(claim(1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "ended");
  EXPECT_EQ(late.error().status, RunStatus::stopped);
}

TEST(Attempt, TakesBackWhatTheFormerWroteByACut) {
  AttemptStory story;
  story.steps("r1", {StartPart{story.a1, {}, TextPart{"a\xf0\x9f\x98\x80z"}}});
  ASSERT_TRUE(story.attempt(claim(1)));

  // Inside the surrogate pair: the cut falls before it.
  ASSERT_TRUE(story.steps("r1", {CutMessage{story.a1, {5, 2}}}));
  ASSERT_EQ(story.message("a1").parts.size(), 2U);
  EXPECT_EQ(story.text("a1"), "first");
  EXPECT_EQ(std::get<TextPart>(story.message("a1").parts[1]).text, "a");
  EXPECT_EQ(story.message("a1").status, MessageStatus::open);
  ASSERT_TRUE(story.steps("r1", {CutMessage{story.a1, {}}}));
  EXPECT_TRUE(story.message("a1").parts.empty());
}

TEST(Attempt, CutsOnlyOpenMessagesOfItsRun) {
  AttemptStory story;
  EXPECT_EQ(story.steps("r1", {CutMessage{MessageId("u1"), {}}}).error().code, "unknown_message");
  EXPECT_EQ(story.steps("r1", {CutMessage{story.a1, {1, 1}}}).error().code, "invalid");
  story.steps("r1", {EndMessage{story.a1, MessageStatus::complete, {}}});
  EXPECT_EQ(story.steps("r1", {CutMessage{story.a1, {}}}).error().code, "invalid");
}

TEST(Attempt, IsStoppedAsTheUserSawIt) {
  AttemptStory story;
  const Timestamp seen = story.now();
  story.attempt(claim(1));
  story.steps("r1", {CutMessage{story.a1, {5}}, AppendContent{story.a1, 0, " text"}});
  story.stop("r1", seen);

  // Since `seen` the part was never shorter than this, and the user saw no other text of it.
  EXPECT_EQ(story.text("a1"), "first");
}

}  // namespace
}  // namespace lockstep::test
