// SPDX-License-Identifier: Apache-2.0
// The rules of docs/protocol.md, "Sync", each as a sentence.
#include "engine/rules/decide.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// A thread in which `r1` answers `u1` and has written "one two three" to `a1`, in three steps;
// `seen` has the story's times after each.
struct Streaming : Story {
  std::vector<Timestamp> seen;
  Streaming() {
    start("r1", "u1", "hello");
    EXPECT_TRUE(steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}}}));
    for (const char* word : {"one ", "two ", "three"}) {
      EXPECT_TRUE(steps("r1", {AppendContent{MessageId("a1"), 0, word}}));
      seen.push_back(now());
    }
  }
};

TEST(Decide, AStartPutsItsInputBehindTheHeadAndMovesTheHead) {
  Story story;

  const Outcome outcome = story.start("r1", "u1", "hello");

  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(story.head(), "u1");
  EXPECT_EQ(story.run("r1").status, RunStatus::running);
  EXPECT_EQ(story.run("r1").context_ts, story.now());
  EXPECT_EQ(story.state().thread.title, "hello");
  EXPECT_EQ(story.entries().size(), 1u);
}

TEST(Decide, TheDefaultTitleIsWrittenOnce) {
  Story story;
  story.start("r1", "u1", std::string(200, 'x'));

  story.steps("r1", {EndRun{}});
  story.start("r2", "u2", "another");

  EXPECT_EQ(story.state().thread.title, std::string(limits::default_title_points, 'x'));
}

// A message may have megabytes, and all of this happens in turns that others wait for.
TEST(Decide, TheContentOfAMessageIsNotCopiedOnItsWayIntoTheState) {
  Story story;
  PutMessage put;
  put.id = MessageId("u1");
  put.parts = {TextPart{"hello"}};

  for (const char* what : {"new", "again"}) {
    SCOPED_TRACE(what);
    put.parts = {TextPart{what}};
    ASSERT_TRUE(story.change(put).applied);

    const Parts& held = story.state().message(put.id)->message.parts;
    const Event& event = story.entries().back().events.front();
    EXPECT_TRUE(std::get<MessagePut>(event).message.parts.shares_with(put.parts));
    EXPECT_TRUE(held.shares_with(put.parts));
  }
}

TEST(Decide, AMessageThatIsWrittenOnIsAnothersNoMore) {
  Streaming story;
  const Message before = story.message("a1");

  story.steps("r1", {AppendContent{MessageId("a1"), 0, " four"}});

  EXPECT_EQ(before.parts, (Parts{TextPart{"one two three"}}));
  EXPECT_EQ(story.text("a1"), "one two three four");
}

TEST(Decide, AStopKeepsTheSeenTextAndNoMore) {
  Streaming story;

  const Outcome outcome = story.stop("r1", story.seen[1]);

  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(story.text("a1"), "one two ");
  EXPECT_EQ(story.message("a1").status, MessageStatus::stopped);
  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
}

TEST(Decide, AStopKeepsNoMoreThanWasShown) {
  Streaming story;

  story.stop("r1", story.seen[1], {shown("a1", 0, 5)});

  EXPECT_EQ(story.text("a1"), "one t");
}

TEST(Decide, AShownLengthNeverKeepsMoreThanWasSeen) {
  Streaming story;

  story.stop("r1", story.seen[0], {shown("a1", 0, 12)});

  EXPECT_EQ(story.text("a1"), "one ");
}

TEST(Decide, AStopNeverCutsInsideACodePoint) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     AppendContent{MessageId("a1"), 0, "a\xF0\x9F\x98\x80z"}});

  story.stop("r1", story.now(), {shown("a1", 0, 2)});

  EXPECT_EQ(story.text("a1"), "a");
}

TEST(Decide, TheLeastLengthOfSeveralStopsHolds) {
  Streaming story;
  story.stop("r1", story.seen[1]);

  const Outcome larger = story.stop("r1", story.seen[2]);
  EXPECT_EQ(story.text("a1"), "one two ");
  const Outcome smaller = story.stop("r1", story.seen[0]);

  EXPECT_TRUE(larger.applied);
  EXPECT_TRUE(smaller.applied);
  EXPECT_EQ(story.text("a1"), "one ");
}

TEST(Decide, ADeletedAnswerLeavesTheOtherMessagesOfItsRunAsSeen) {
  Streaming story;
  story.steps("r1", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}}});
  const Timestamp seen = story.now();
  story.steps("r1", {AppendContent{MessageId("a1"), 0, " four"}});

  EXPECT_TRUE(story.change(DeleteMessage{MessageId("a2")}, seen).applied);

  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.text("a1"), "one two three");
}

TEST(Decide, ARunThatHadEndedIsCutJustSoAndKeepsItsStatus) {
  Streaming story;
  story.steps("r1", {EndRun{}});

  story.stop("r1", story.seen[1]);

  EXPECT_EQ(story.text("a1"), "one two ");
  EXPECT_EQ(story.message("a1").status, MessageStatus::stopped);
  EXPECT_EQ(story.run("r1").status, RunStatus::completed);
}

TEST(Decide, AStopThatHasNothingToCutChangesNothing) {
  Streaming story;
  story.steps("r1", {EndRun{}});
  const std::size_t entries = story.entries().size();

  const Outcome outcome = story.stop("r1", story.now());

  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(story.entries().size(), entries);
  EXPECT_EQ(story.message("a1").status, MessageStatus::complete);
}

TEST(Decide, AStopIsRefusedIfARunWasGivenMore) {
  Streaming story;
  story.steps("r1", {EndRun{}});
  story.start("r2", "u2", "go on");

  const Outcome outcome = story.stop("r1", story.seen[1]);

  EXPECT_EQ(outcome.code, "built_upon");
  EXPECT_EQ(story.text("a1"), "one two three");
}

TEST(Decide, AStopIsRefusedIfTheMessageWasPutAnew) {
  Streaming story;
  story.steps("r1", {EndRun{}});
  story.put("a1", "better");

  EXPECT_EQ(story.stop("r1", story.seen[1]).code, "built_upon");
  EXPECT_EQ(story.text("a1"), "better");
}

TEST(Decide, AMessageThatHadNothingStaysEmptyAndStopped) {
  Story story;
  story.start("r1", "u1", "hello");
  const Timestamp seen = story.now();
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     AppendContent{MessageId("a1"), 0, "text"}});

  story.stop("r1", seen);

  EXPECT_EQ(story.text("a1"), "<none>");
  EXPECT_EQ(story.message("a1").status, MessageStatus::stopped);
}

TEST(Decide, AHalfSeenToolCallGoesWithAllBehindIt) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     AppendContent{MessageId("a1"), 0, "let me see"},
                     StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{\"at\":"}}});
  const Timestamp seen = story.now();
  story.steps("r1",
              {AppendContent{MessageId("a1"), 1, "1}"}, AppendContent{MessageId("a1"), 2, "well"}});

  story.stop("r1", seen);

  ASSERT_EQ(story.message("a1").parts.size(), 1u);
  EXPECT_EQ(story.state().run(RunId("r1"))->cut_calls, std::vector<std::string>{"c1"});
}

TEST(Decide, AWholeToolCallWithoutAResultGetsOne) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{}"}}});

  story.stop("r1", story.now());

  ASSERT_EQ(story.message("a1").parts.size(), 2u);
  EXPECT_EQ(std::get<ToolResultPart>(story.message("a1").parts[1]),
            (ToolResultPart{"c1", "stopped by the user", true}));
}

TEST(Decide, ARunAskedWhileOneStreamsWaitsAndEntersBehindTheWholeAnswer) {
  Streaming story;

  const Outcome outcome = story.start("r2", "u2", "and then?");
  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(story.run("r2").status, RunStatus::queued);
  EXPECT_EQ(story.text("u2"), "<gone>");
  story.steps("r1", {AppendContent{MessageId("a1"), 0, " four"}, EndRun{}});

  EXPECT_EQ(story.run("r2").status, RunStatus::running);
  EXPECT_EQ(story.parent("u2"), "a1");
  EXPECT_EQ(story.text("a1"), "one two three four");
  EXPECT_TRUE(story.run("r2").input.empty());
}

TEST(Decide, AnInterruptStopsTheRunningOneAsSeenAndStartsBeforeThoseThatWait) {
  Streaming story;
  story.start("r2", "u2", "waits");
  StartRun change;
  change.run = RunId("r3");
  change.input = {input("u3", "now")};
  change.when_busy = WhenBusy::stop;

  story.change(change, story.seen[0]);

  EXPECT_EQ(story.text("a1"), "one ");
  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.run("r3").status, RunStatus::running);
  EXPECT_EQ(story.run("r2").status, RunStatus::queued);
}

TEST(Decide, ARegenerationInterruptsByDefault) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.place = below("u1");

  story.change(change);

  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.run("r2").head, MessageId("u1"));
  EXPECT_EQ(story.head(), "u1");
}

TEST(Decide, ARollbackCutsTheRunningOneToNothing) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "anew")};
  change.when_busy = WhenBusy::rollback;

  story.change(change);

  EXPECT_EQ(story.text("a1"), "<none>");
  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.run("r2").status, RunStatus::running);
}

TEST(Decide, ARejectingStartIsRefusedAsBusy) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "now or never")};
  change.when_busy = WhenBusy::reject;

  EXPECT_EQ(story.change(change).code, "busy");
  EXPECT_EQ(story.state().run(RunId("r2")), nullptr);
}

TEST(Decide, AKnownRunIsJoined) {
  Streaming story;
  const std::size_t entries = story.entries().size();

  const Outcome outcome = story.start("r1", "u9", "again");

  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(story.entries().size(), entries);
}

TEST(Decide, AKnownMessageInAnInputIsRefused) {
  Streaming story;
  story.start("r2", "u2", "waits");

  EXPECT_EQ(story.start("r3", "u1", "known").code, "exists");
  EXPECT_EQ(story.start("r4", "u2", "on its way").code, "exists");
  EXPECT_EQ(story.put("u2", "on its way").code, "exists");
}

TEST(Decide, AfterAFailureThoseThatWaitEndInterruptedAndKeepTheirInput) {
  Streaming story;
  story.start("r2", "u2", "waits");

  story.steps("r1", {EndRun{RunStatus::failed, RunError{"upstream", "no answer"}, {}}});

  EXPECT_EQ(story.run("r1").status, RunStatus::failed);
  EXPECT_EQ(story.message("a1").status, MessageStatus::failed);
  EXPECT_EQ(story.run("r2").status, RunStatus::interrupted);
  EXPECT_EQ(story.run("r2").input.size(), 1u);
}

TEST(Decide, ARunThatWaitsFailsIfItsAgentIsGoneAndTheNextOneStarts) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.agent = AgentName("late");
  change.input = {input("u2", "anybody there?")};
  story.change(change);
  story.start("r3", "u3", "and you?");
  story.agents().gone = AgentName("late");

  story.steps("r1", {EndRun{}});

  EXPECT_EQ(story.run("r2").status, RunStatus::failed);
  EXPECT_EQ(story.run("r2").error->code, "unknown_agent");
  EXPECT_EQ(story.run("r2").input.size(), 1u);
  EXPECT_EQ(story.text("u2"), "<gone>");
  EXPECT_EQ(story.run("r3").status, RunStatus::running);
}

TEST(Decide, AStoppedQueuedRunDropsItsInput) {
  Streaming story;
  story.start("r2", "u2", "waits");

  story.stop("r2", story.now());

  EXPECT_EQ(story.run("r2").status, RunStatus::stopped);
  EXPECT_TRUE(story.run("r2").input.empty());
}

TEST(Decide, ADeletedAnchorSupersedesTheRunThatWaits) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "about this")};
  change.place = after("a1");
  story.change(change);

  story.change(DeleteMessage{MessageId("a1")});

  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.run("r2").status, RunStatus::superseded);
  EXPECT_EQ(story.run("r2").input.size(), 1u);
  EXPECT_EQ(story.head(), "u1");
}

TEST(Decide, DeletingTheGivenPathSupersedesTheRun) {
  Streaming story;

  story.change(DeleteMessage{MessageId("u1")});

  EXPECT_EQ(story.run("r1").status, RunStatus::superseded);
  EXPECT_EQ(story.text("u1"), "<gone>");
  EXPECT_EQ(story.text("a1"), "<gone>");
  EXPECT_EQ(story.head(), "<root>");
}

TEST(Decide, APutIntoAStreamStopsTheRunAndStandsVerbatim) {
  Streaming story;

  story.put("a1", "my words");

  EXPECT_EQ(story.run("r1").status, RunStatus::stopped);
  EXPECT_EQ(story.text("a1"), "my words");
  EXPECT_EQ(story.message("a1").status, MessageStatus::complete);
}

TEST(Decide, APutOnTheGivenPathSupersedesTheRun) {
  Streaming story;

  story.put("u1", "what I meant");

  EXPECT_EQ(story.run("r1").status, RunStatus::superseded);
  EXPECT_EQ(story.text("u1"), "what I meant");
}

TEST(Decide, AMessageGoesBehindAnotherDevicesTurnsByDefault) {
  Story story;
  story.put("u1", "first");
  const Timestamp seen = story.now();
  story.put("u2", "from elsewhere");

  PutMessage put;
  put.id = MessageId("u3");
  story.change(put, seen);

  EXPECT_EQ(story.parent("u3"), "u2");
}

TEST(Decide, AMessageGoesBehindTheSeenHeadIfTheHeadIsOnAnotherBranch) {
  Story story;
  story.put("u1", "first");
  story.put("u2", "second");
  const Timestamp seen = story.now();
  story.put("v2", "a branch", below("u1"));

  PutMessage put;
  put.id = MessageId("u3");
  story.change(put, seen);

  EXPECT_EQ(story.parent("u3"), "u2");
}

TEST(Decide, AStartWithoutAPlaceGoesBehindTheHeadThatItsUserSaw) {
  Story story;
  story.put("m1", "one");
  story.put("m2", "two");
  const Timestamp seen = story.now();
  story.change(MoveHead{MessageId("m1")});
  StartRun ask;
  ask.run = RunId("r1");
  ask.agent = AgentName("default");

  EXPECT_TRUE(story.change(ask, seen).applied);

  EXPECT_EQ(story.run("r1").head, MessageId("m2"));
}

TEST(Decide, ADeletedParentStandsForItsNearestLivingAncestor) {
  Story story;
  story.put("u1", "first");
  story.put("u2", "second");
  story.change(DeleteMessage{MessageId("u2")});

  story.put("u3", "third", below("u2"));

  EXPECT_EQ(story.parent("u3"), "u1");
}

TEST(Decide, ADeletedIdIsNotUsedAgain) {
  Story story;
  story.put("u1", "first");
  story.change(DeleteMessage{MessageId("u1")});

  EXPECT_EQ(story.put("u1", "again").code, "deleted");
}

TEST(Decide, AnOpCountsOnceAndIsAnsweredAsTheFirstTime) {
  Story story;
  PutMessage put;
  put.id = MessageId("u1");
  const Outcome first = story.change(put, {}, Op(1));

  const Outcome again = story.change(put, {}, Op(1));

  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.at, first.at);
  EXPECT_EQ(story.entries().size(), 1u);
}

TEST(Decide, ARefusalIsRememberedToo) {
  Story story;
  story.put("u1", "first");
  const Outcome first = story.change(MoveHead{MessageId("u2")}, {}, Op(1));
  story.put("u2", "second");

  const Outcome again = story.change(MoveHead{MessageId("u2")}, {}, Op(1));

  EXPECT_EQ(first.code, "unknown_message");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.code, "unknown_message");
}

TEST(Decide, AnOpWithOtherContentIsRefused) {
  Story story;
  story.change(UpdateThread{"one", {}, {}}, {}, Op(1));

  EXPECT_EQ(story.change(UpdateThread{"two", {}, {}}, {}, Op(1)).code, "op_reused");
  EXPECT_EQ(story.state().thread.title, "one");
}

TEST(Decide, AnOpOlderThanAllRememberedIsRefused) {
  Story story;
  for (std::uint64_t op = 2; op < 2 + limits::ops_remembered + 1; ++op) {
    story.change(UpdateThread{std::to_string(op), {}, {}}, {}, Op(op));
  }

  EXPECT_EQ(story.change(UpdateThread{"old", {}, {}}, {}, Op(1)).code, "op_too_old");
}

TEST(Decide, AStartThatNeedsARefusedChangeIsRefused) {
  Story story;
  story.put("u1", "first");
  story.change(MoveHead{MessageId("nowhere")}, {}, Op(1));
  StartRun start;
  start.run = RunId("r1");
  start.needs = {Op(1)};

  EXPECT_EQ(story.change(start, {}, Op(2)).code, "depends");
}

TEST(Decide, EveryNewChangeIsRefusedIfTheHeadIsAnother) {
  Story story;
  story.put("u1", "first");
  PutMessage put;
  put.id = MessageId("u2");
  Change change{{}, {}, {}, put};

  const auto outcomes = story.say({UserId("ann"), {}, {}, MessageId("u9"), {std::move(change)}});

  EXPECT_EQ(outcomes.front().code, "head_moved");
}

TEST(Decide, TheChangesOfARequestAreOneEntryAndSeeEachOther) {
  Story story;
  PutMessage put;
  put.id = MessageId("u1");
  StartRun start;
  start.run = RunId("r1");
  start.place = below("u1");

  story.say({UserId("ann"), {}, {}, {}, {{{}, {}, {}, put}, {{}, {}, {}, start}}});

  EXPECT_EQ(story.entries().size(), 1u);
  EXPECT_EQ(story.run("r1").head, MessageId("u1"));
}

TEST(Decide, RefusalsAloneMakeNoThread) {
  Story story;

  const Outcome outcome = story.change(MoveHead{MessageId("u1")}, {}, Op(1));

  EXPECT_FALSE(outcome.applied);
  EXPECT_TRUE(story.entries().empty());
}

TEST(Decide, ACursorOfAnotherHistoryIsRefused) {
  Story story;
  story.put("u1", "first");
  Change change{{}, Cursor{story.now(), Epoch(77)}, {}, MoveHead{MessageId("u1")}};

  EXPECT_EQ(story.say({UserId("ann"), {}, {}, {}, {change}}).front().code, "unknown_history");
}

TEST(Decide, ACursorOfAFormerEpochIsGoodUpToItsCut) {
  Story story;
  story.put("u1", "first");
  story.put("u2", "second");
  story.rules().former = {{Epoch(7), Timestamp(101)}};

  EXPECT_EQ(check({Timestamp(101), Epoch(7)}, story.now(), story.rules()), CursorCheck::good);
  EXPECT_EQ(check({Timestamp(102), Epoch(7)}, story.now(), story.rules()), CursorCheck::rewound);
  EXPECT_EQ(check({Timestamp(1), Epoch(8)}, story.now(), story.rules()), CursorCheck::unknown);
  EXPECT_EQ(check({Timestamp(103), Story::epoch}, story.now(), story.rules()),
            CursorCheck::unknown);
}

TEST(Decide, ADanglingCallOnThePathGetsAResultBeforeAModelSeesIt) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{}"}}, EndRun{}});

  story.start("r2", "u2", "never mind");

  EXPECT_EQ(std::get<ToolResultPart>(story.message("a1").parts[1]).call, "c1");
}

TEST(Decide, ACrashInterruptsRunningAndWaitingRuns) {
  Streaming story;
  story.start("r2", "u2", "waits");

  story.crash();

  EXPECT_EQ(story.run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(story.message("a1").status, MessageStatus::interrupted);
  EXPECT_EQ(story.text("a1"), "one two three");
  EXPECT_EQ(story.run("r2").status, RunStatus::interrupted);
}

}  // namespace
}  // namespace lockstep::test
