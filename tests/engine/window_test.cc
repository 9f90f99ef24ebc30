// SPDX-License-Identifier: Apache-2.0
// The answers to a front that holds only the end of a thread.
#include "engine/rules/window.h"

#include <gtest/gtest.h>

#include "tests/support/given.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

std::vector<std::string> ids(const Diff& diff) {
  std::vector<std::string> ids;
  for (const auto& changed : diff.messages) {
    ids.push_back(id_of(changed).get());
  }
  return ids;
}

using Names = std::vector<std::string>;

struct FourTurns : Story {
  FourTurns() {
    for (const char* id : {"m1", "m2", "m3", "m4"}) put(id, id);
  }
  Window window(Timestamp from, std::uint32_t messages) {
    return restrict_to_window(state(), diff_from(from), messages);
  }
};

TEST(Window, HoldsTheLastMessagesOfTheHeadsPath) {
  FourTurns story;

  const Window window = story.window(Timestamp(), 2);

  EXPECT_EQ(ids(window.diff), (Names{"m3", "m4"}));
  EXPECT_TRUE(window.older);
  EXPECT_EQ(window.edge, mid("m2"));
}

TEST(Window, AsWideAsThePathHasNothingOlder) {
  FourTurns story;

  const Window window = story.window(Timestamp(), 4);

  EXPECT_EQ(ids(window.diff), (Names{"m1", "m2", "m3", "m4"}));
  EXPECT_FALSE(window.older);
  EXPECT_EQ(window.edge, std::nullopt);
}

TEST(Window, LeavesOtherBranchesOut) {
  FourTurns story;
  story.put("b3", "another", below("m2"));

  EXPECT_EQ(ids(story.window(Timestamp(), 2).diff), (Names{"m2", "b3"}));
}

TEST(Window, TellsOfAnEditAboveItToAFrontThatMayHoldIt) {
  FourTurns story;
  const Timestamp from = story.now();
  story.put("m1", "edited");

  EXPECT_EQ(ids(story.window(from, 2).diff), (Names{"m1"}));
}

TEST(Window, TellsHowAMessageOfAnotherBranchGoesOnToAFrontThatMayHoldIt) {
  FourTurns story;
  story.start("r1", "u1", "?");
  story.steps("r1", {OpenMessage{mid("a1"), {}, Role::assistant, {}},
                     AppendContent{mid("a1"), 0, "half of "}});
  story.put("root", "another beginning", Place{Place::Kind::parent, {}});
  const Timestamp from = story.now();
  story.steps("r1", {AppendContent{mid("a1"), 0, "it"}});

  const Diff diff = story.window(from, 2).diff;

  EXPECT_EQ(ids(diff), Names{"a1"});
}

TEST(Window, LeavesOutNewMessagesAboveIt) {
  FourTurns story;
  const Timestamp from = story.now();
  for (const char* id : {"m5", "m6", "m7"}) story.put(id, id);

  EXPECT_EQ(ids(story.window(from, 2).diff), (Names{"m6", "m7"}));
}

TEST(Window, OfAFreshFrontBringsOnlyTheRunsThatItSeesOrWaitsFor) {
  FourTurns story;
  for (const char* run : {"r1", "r2"}) {
    const std::string reply = std::string("a") + run;
    story.start(run, std::string("u") + run, "?");
    story.steps(run, {OpenMessage{mid(reply), {}, Role::assistant, {}},
                      EndMessage{mid(reply), MessageStatus::complete, {}}, EndRun{}});
  }
  story.start("r3", "u3", "?");

  const Diff diff = story.window(Timestamp(), 2).diff;

  ASSERT_EQ(diff.runs.size(), 2u);
  EXPECT_EQ(diff.runs[0].id, rid("r2"));
  EXPECT_EQ(diff.runs[1].id, rid("r3"));
}

TEST(Window, OfAFreshFrontBringsTheRunsThatWait) {
  FourTurns story;
  story.start("r1", "u1", "?");
  story.start("r2", "u2", "and?");  // behind r1

  const Diff diff = story.window(Timestamp(), 2).diff;

  ASSERT_EQ(diff.runs.size(), 2u);
  EXPECT_EQ(diff.runs[1].id, rid("r2"));
  EXPECT_EQ(diff.runs[1].status, RunStatus::queued);
}

// Events will name it, and the front must have it: also where its answer is above the window.
TEST(Window, OfAFreshFrontBringsTheRunsThatWaitForAnswers) {
  FourTurns story;
  StartRun start;
  start.run = rid("r1");
  start.resumes = true;
  story.change(start);
  story.steps("r1", {OpenMessage{mid("a1"), {}, Role::assistant, {}},
                     StartPart{mid("a1"), {}, ToolCallPart{"c1", "look", "{}"}},
                     StartPart{mid("a1"), {}, ToolCallPart{"c2", "look", "{}"}},
                     StartPart{mid("a1"), {}, ToolCallPart{"c3", "look", "{}"}}, EndRun{}});
  for (const char* call : {"c1", "c2"}) {
    AnswerCall answer{mid("a1"), call, "found", false, mid(std::string("t-") + call)};
    ASSERT_TRUE(story.change(answer).applied);
  }
  ASSERT_EQ(story.run("r1").resume->status, ResumeStatus::waiting);

  const Diff diff = story.window(Timestamp(), 2).diff;

  ASSERT_EQ(diff.runs.size(), 1u);
  EXPECT_EQ(diff.runs[0].id, rid("r1"));
}

TEST(Window, ReportsEveryDeletionToAFrontWithACursor) {
  FourTurns story;
  const Timestamp from = story.now();
  story.change(DeleteMessage{mid("m3")});

  const Diff diff = story.window(from, 1).diff;

  EXPECT_EQ(diff.removed, (std::vector<MessageId>{mid("m3"), mid("m4")}));
}

}  // namespace
}  // namespace lockstep::test
