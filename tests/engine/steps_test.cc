// SPDX-License-Identifier: Apache-2.0
// The rules of docs/protocol.md, "Writing steps", each as a sentence.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

struct Writing : Story {
  Writing() {
    start("r1", "u1", "hello");
    EXPECT_TRUE(steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}}}));
  }
};

Step append(std::uint64_t seq, const std::string& text) {
  return {seq, AppendContent{MessageId("a1"), 0, text}};
}

TEST(Steps, AdjacentAppendsBecomeOneEvent) {
  Writing story;
  story.steps("r1", {AppendContent{MessageId("a1"), 0, "one"}});

  story.steps("r1", {AppendContent{MessageId("a1"), 0, " two"},
                     AppendContent{MessageId("a1"), 0, " three"}});

  ASSERT_EQ(story.entries().back().events.size(), 1u);
  EXPECT_EQ(std::get<ContentAppended>(story.entries().back().events[0]),
            (ContentAppended{MessageId("a1"), 0, 3, " two three"}));
}

TEST(Steps, AStepSentAgainChangesNothing) {
  Writing story;
  story.write({RunId("r1"), 1, {append(2, "one")}});
  const std::size_t entries = story.entries().size();

  const auto again = story.write({RunId("r1"), 1, {append(2, "one")}});

  EXPECT_TRUE(again);
  EXPECT_EQ(story.entries().size(), entries);
}

TEST(Steps, OnlyTheNewStepsOfABatchAreTaken) {
  Writing story;
  story.write({RunId("r1"), 1, {append(2, "one")}});

  story.write({RunId("r1"), 1, {append(2, "one"), append(3, " two")}});

  EXPECT_EQ(story.text("a1"), "one two");
}

TEST(Steps, AGapIsRefusedWholeAndNamesTheNext) {
  Writing story;

  const auto refused = story.write({RunId("r1"), 1, {append(3, "one"), append(4, "two")}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "gap");
  EXPECT_EQ(refused.error().expected, 2u);
  EXPECT_EQ(story.text("a1"), "<none>");
}

TEST(Steps, AGapWithinABatchIsAGapToo) {
  Writing story;

  const auto refused = story.write({RunId("r1"), 1, {append(2, "one"), append(4, "two")}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "gap");
  EXPECT_EQ(refused.error().expected, 2u);
  EXPECT_EQ(story.text("a1"), "<none>");
}

TEST(Steps, AnotherAttemptIsFenced) {
  Writing story;

  EXPECT_EQ(story.write({RunId("r1"), 0, {append(2, "one")}}).error().code, "fenced");
}

TEST(Steps, ABatchIsTakenWholeOrNotAtAll) {
  Writing story;

  const auto refused = story.steps(
      "r1", {AppendContent{MessageId("a1"), 0, "one"}, AppendContent{MessageId("b1"), 0, "two"}});

  EXPECT_EQ(refused.error().code, "unknown_message");
  EXPECT_EQ(story.text("a1"), "<none>");
}

TEST(Steps, ARunThatWasStoppedTakesNoStepNotEvenAKnownOne) {
  Writing story;
  story.write({RunId("r1"), 1, {append(2, "one")}});
  story.stop("r1", story.now());

  const auto refused = story.write({RunId("r1"), 1, {append(2, "one")}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "ended");
  EXPECT_EQ(refused.error().status, RunStatus::stopped);
  EXPECT_EQ(refused.error().seq, 2u);
}

TEST(Steps, ARunThatEndedItselfStillAnswersKnownSteps) {
  Writing story;
  story.write({RunId("r1"), 1, {append(2, "one"), {3, EndRun{}}}});

  EXPECT_TRUE(story.write({RunId("r1"), 1, {append(2, "one"), {3, EndRun{}}}}));
  EXPECT_EQ(story.write({RunId("r1"), 1, {append(4, "more")}}).error().code, "ended");
}

TEST(Steps, TheEndOfARunEndsItsOpenMessagesFirst) {
  Writing story;

  story.steps("r1", {EndRun{}});

  const std::vector<Event>& events = story.entries().back().events;
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<MessageEnded>(events[0]));
  EXPECT_TRUE(std::holds_alternative<RunEnded>(events[1]));
}

TEST(Steps, ARunsMessageMovesTheHeadIfItsParentIsTheHead) {
  Writing story;
  EXPECT_EQ(story.head(), "a1");
  story.put("u2", "meanwhile");

  story.steps("r1", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}}});

  EXPECT_EQ(story.parent("a2"), "a1");
  EXPECT_EQ(story.head(), "u2");
}

TEST(Steps, TwoMessagesCanBeWrittenInterleaved) {
  Writing story;
  story.steps("r1", {OpenMessage{MessageId("b1"), MessageId("u1"), Role::assistant, "critic"}});

  for (const char* word : {"a", "b", "c"}) {
    story.steps("r1",
                {AppendContent{MessageId("a1"), 0, word}, AppendContent{MessageId("b1"), 0, word}});
  }

  EXPECT_EQ(story.text("a1"), "abc");
  EXPECT_EQ(story.text("b1"), "abc");
}

TEST(Steps, AMessageBeyondTheBoundOfItsRunIsTooLarge) {
  Story story;
  story.start("r1", "u1", "hello");
  std::vector<decltype(Step::what)> all;
  for (std::size_t at = 0; at < limits::run_messages_max; ++at) {
    all.emplace_back(OpenMessage{MessageId("a" + std::to_string(at)), {}, Role::assistant, {}});
  }
  ASSERT_TRUE(story.steps("r1", all));

  const auto refused = story.steps("r1", {OpenMessage{MessageId("b"), {}, Role::assistant, {}}});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "too_large");
}

TEST(Steps, AFailedRunCutsItsHalfToolCall) {
  Writing story;
  story.steps("r1", {StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{\"a"}}});

  story.steps("r1", {EndRun{RunStatus::failed, {}, {}}});

  EXPECT_TRUE(story.message("a1").parts.empty());
}

TEST(Steps, NothingFollowsTheEndOfARun) {
  Writing story;

  EXPECT_EQ(story.steps("r1", {EndRun{}, AppendContent{MessageId("a1"), 0, "x"}}).error().code,
            "invalid");
}

}  // namespace
}  // namespace lockstep::test
