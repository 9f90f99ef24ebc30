// SPDX-License-Identifier: Apache-2.0
// Runs that go on when their calls are answered (engine/rules/resume.h).
#include "engine/rules/resume.h"

#include <gtest/gtest.h>

#include "engine/rules/call_limits.h"
#include "engine/rules/digest.h"
#include "engine/store/thread_snapshot.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

std::string status_of(const Run& run) {
  if (!run.resume) return "-";
  const Resume& resume = *run.resume;
  switch (resume.status) {
    case ResumeStatus::asked:
      return "asked";
    case ResumeStatus::waiting:
      return "waiting";
    case ResumeStatus::resumed:
      return "resumed " + resume.next->get();
    case ResumeStatus::given_up:
      return "given_up " + resume.why;
  }
  return "?";
}

struct Resuming : Story {
  MessageId a1{"a1"};
  Resuming() {
    ask("r1", "u1");
    call("r1", a1);
  }
  void ask(const std::string& run, const std::string& question, Place place = {}) {
    StartRun start;
    start.run = RunId(run);
    start.input = {input(question, "hello")};
    start.resumes = true;
    start.params = Json{"{\"seed\":1}"};
    if (place.message) start.place = place;
    EXPECT_TRUE(change(std::move(start)).applied);
  }
  // The run ends with two calls: of `ask`, which needs approval, and of `look`.
  void call(const std::string& run, const MessageId& id) {
    EXPECT_TRUE(steps(run, {OpenMessage{id, {}, Role::assistant, {}},
                            StartPart{id, {}, ToolCallPart{"c1", "ask", "{}"}},
                            StartPart{id, {}, ToolCallPart{"c2", "look", "{}"}},
                            EndMessage{id, MessageStatus::complete, {}}, EndRun{}}));
  }
  Outcome answer(const std::string& call, const std::string& id) {
    return change(AnswerCall{a1, call, "42", false, MessageId(id)});
  }
  Outcome decide(const std::string& call, CallStatus status) {
    return change(DecideCall{a1, call, status, "", false});
  }
  [[nodiscard]] std::string resume(const std::string& id = "r1") const {
    return status_of(run(id));
  }
};

TEST(Resume, TheLastAnswerStartsTheNextRunInTheSameEntry) {
  Resuming story;
  EXPECT_EQ(story.resume(), "waiting");
  EXPECT_FALSE(story.state().running);
  story.answer("c2", "t2");
  story.decide("c1", CallStatus::approved);
  EXPECT_EQ(story.resume(), "waiting");
  const std::size_t entries = story.entries().size();
  story.answer("c1", "t1");

  EXPECT_EQ(story.resume(), "resumed r1.2");
  EXPECT_EQ(story.entries().size(), entries + 1);
  const lockstep::Run& next = story.run("r1.2");
  EXPECT_EQ(next.status, RunStatus::running);
  EXPECT_EQ(next.head, MessageId("t1"));
  EXPECT_EQ(next.agent, story.run("r1").agent);
  EXPECT_EQ(next.params, story.run("r1").params);
  EXPECT_EQ(status_of(next), "asked");
  EXPECT_TRUE(story.state().awaiting.empty());
}

TEST(Resume, ADenialIsAnAnswer) {
  Resuming story;
  story.answer("c2", "t2");
  story.decide("c1", CallStatus::denied);
  EXPECT_EQ(story.resume(), "resumed r1.2");
  EXPECT_EQ(story.run("r1.2").head, MessageId("t2"));
}

TEST(Resume, APutWithTheLastResultResumesToo) {
  Resuming story;
  story.decide("c1", CallStatus::denied);
  PutMessage put;
  put.id = MessageId("t2");
  put.role = Role::tool;
  put.parts = {ToolResultPart{"c2", "42"}};
  story.change(put);
  EXPECT_EQ(story.resume(), "resumed r1.2");
}

TEST(Resume, ARunThatEndsWithoutOpenCallsWaitsForNothing) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "hello")};
  start.resumes = true;
  story.change(start);
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                     AppendContent{MessageId("a1"), 0, "no calls"},
                     EndMessage{MessageId("a1"), MessageStatus::complete, {}}, EndRun{}});
  EXPECT_EQ(status_of(story.run("r1")), "asked");
  EXPECT_TRUE(story.state().awaiting.empty());
}

// The front was faster than the end of the run.
TEST(Resume, AnAnswerThatCameBeforeTheEndOfTheRunIsNotLost) {
  for (const bool ended : {false, true}) {
    Resuming story;
    story.stop("r1", story.now());
    story.ask("r5", "u5");
    const MessageId a5("a5");
    story.steps("r5", {OpenMessage{a5, {}, Role::assistant, {}},
                       StartPart{a5, {}, ToolCallPart{"c1", "look", "{}"}}});
    if (ended) story.steps("r5", {EndMessage{a5, MessageStatus::complete, {}}});
    EXPECT_TRUE(story.change(AnswerCall{a5, "c1", "42", false, MessageId("t5")}).applied);
    story.steps("r5", {EndRun{}});
    EXPECT_EQ(story.resume("r5"), "resumed r5.2");
    EXPECT_EQ(story.run("r5.2").head, MessageId("t5"));
  }
}

TEST(Resume, ARunThatWentOnBehindItsAnsweredCallIsDone) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "hello")};
  start.resumes = true;
  story.change(start);
  const MessageId a1("a1");
  story.steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                     StartPart{a1, {}, ToolCallPart{"c1", "look", "{}"}}});
  story.change(AnswerCall{a1, "c1", "42", false, MessageId("t1")});
  story.steps("r1", {StartPart{a1, {}, TextPart{"it is 42"}}, EndRun{}});
  EXPECT_EQ(status_of(story.run("r1")), "asked");
  EXPECT_FALSE(story.state().running);
}

// Else it would go on by itself, again and again.
TEST(Resume, ARunThatAnsweredItsLastCallItselfIsDone) {
  for (const bool elsewhere : {false, true}) {
    Resuming story;
    story.stop("r1", story.now());
    story.ask("r5", "u5");
    const MessageId a5("a5");
    const MessageId t5("t5");
    story.steps("r5", {OpenMessage{a5, {}, Role::assistant, {}},
                       StartPart{a5, {}, ToolCallPart{"c1", "look", "{}"}}});
    if (elsewhere) {
      story.steps(
          "r5", {EndMessage{a5, MessageStatus::complete, {}}, OpenMessage{t5, {}, Role::tool, {}}});
    }
    EXPECT_TRUE(story.steps(
        "r5", {StartPart{elsewhere ? t5 : a5, {}, ToolResultPart{"c1", "42"}}, EndRun{}}));
    EXPECT_EQ(story.resume("r5"), "asked");
    EXPECT_FALSE(story.state().running);
  }
}

TEST(Resume, ARunThatFailsWaitsForNothing) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "hello")};
  start.resumes = true;
  story.change(start);
  const MessageId a1("a1");
  story.steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                     StartPart{a1, {}, ToolCallPart{"c1", "look", "{}"}},
                     EndRun{RunStatus::failed, RunError{"x", "y"}, {}}});
  EXPECT_EQ(status_of(story.run("r1")), "asked");
}

TEST(Resume, IsGivenUpWhenAnotherRunStartsOnThePath) {
  Resuming story;
  story.start("r2", "u2", "never mind");
  EXPECT_EQ(story.resume(), "given_up moved_on");
  story.steps("r2", {EndRun{}});
  story.decide("c1", CallStatus::approved);
  story.answer("c1", "t1");
  story.answer("c2", "t2");
  EXPECT_EQ(story.state().run(RunId("r1.2")), nullptr);
}

TEST(Resume, IsGivenUpWhenTheHeadHasLeft) {
  Resuming story;
  story.put("u9", "another question", below("u1"));
  EXPECT_EQ(story.resume(), "given_up head_left");
}

TEST(Resume, IsGivenUpWhenItsAnswerIsDeleted) {
  Resuming story;
  story.change(DeleteMessage{story.a1, false});
  EXPECT_EQ(story.resume(), "given_up head_left");
}

TEST(Resume, IsGivenUpAtTheEndOfARunThatTheHeadHasLeft) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "hello")};
  start.resumes = true;
  story.change(start);
  const MessageId a1("a1");
  story.steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                     StartPart{a1, {}, ToolCallPart{"c1", "look", "{}"}}});
  story.change(MoveHead{MessageId("u1")});
  story.steps("r1", {EndRun{}});
  EXPECT_EQ(status_of(story.run("r1")), "given_up head_left");
}

TEST(Resume, IsGivenUpWhenTheCallsAreEditedAway) {
  Resuming story;
  PutMessage put;
  put.id = story.a1;
  put.parts = {TextPart{"no tools"}};
  story.change(put);
  EXPECT_EQ(story.resume(), "given_up head_left");
  EXPECT_FALSE(story.state().running);
}

TEST(Resume, IsGivenUpByAStop) {
  Resuming story;
  story.stop("r1", story.now());
  EXPECT_EQ(story.resume(), "given_up stopped");
}

TEST(Resume, IsNotGivenUpByAStopThatIsRefused) {
  Resuming story;
  const Timestamp seen = story.now();
  PutMessage put;
  put.id = story.a1;
  put.parts = story.message("a1").parts;
  EXPECT_TRUE(story.change(put).applied);

  EXPECT_EQ(story.stop("r1", seen, {shown("a1", 0, 0)}).code, "built_upon");

  EXPECT_EQ(story.resume(), "waiting");
}

TEST(Resume, LateAnswersStartNothing) {
  Resuming story;
  story.decide("c1", CallStatus::denied);
  story.wait(std::chrono::hours(2));
  EXPECT_TRUE(story.answer("c2", "t2").applied);
  EXPECT_EQ(story.resume(), "given_up expired");
  EXPECT_FALSE(story.state().running);
}

TEST(Resume, IsGivenUpWithoutItsAgent) {
  Resuming story;
  story.agents().gone = story.run("r1").agent;
  story.decide("c1", CallStatus::denied);
  story.answer("c2", "t2");
  EXPECT_EQ(story.resume(), "given_up no_agent");
}

TEST(Resume, IsGivenUpWhereTheIdIsTaken) {
  Resuming story;
  StartRun start;
  start.run = RunId("r1.2");
  start.place = below("u1");
  start.input = {input("u5", "elsewhere")};
  story.change(start);
  story.steps("r1.2", {EndRun{}});
  story.change(MoveHead{story.a1});
  // The head has left and come back: given up at the first.
  EXPECT_EQ(story.resume(), "given_up head_left");
}

TEST(Resume, WaitsOnSeveralBranchesAndSettlesEachByItself) {
  Resuming story;
  story.decide("c1", CallStatus::denied);
  story.answer("c2", "t2");
  ASSERT_EQ(story.resume(), "resumed r1.2");
  story.call("r1.2", MessageId("a2"));
  EXPECT_EQ(story.resume("r1.2"), "waiting");
  story.change(DecideCall{MessageId("a2"), "c1", CallStatus::denied, "", false});
  story.change(AnswerCall{MessageId("a2"), "c2", "43", false, MessageId("t3")});
  EXPECT_EQ(story.resume("r1.2"), "resumed r1.3");
}

TEST(Resume, NamesTheNextRunAfterTheFormer) {
  EXPECT_EQ(next_run_id(RunId("r")), RunId("r.2"));
  EXPECT_EQ(next_run_id(RunId("r.2")), RunId("r.3"));
  EXPECT_EQ(next_run_id(RunId("r.99")), RunId("r.100"));
  EXPECT_EQ(next_run_id(RunId("r.1")), RunId("r.1.2"));
  EXPECT_EQ(next_run_id(RunId("r.02")), RunId("r.02.2"));
  EXPECT_EQ(next_run_id(RunId("r.")), RunId("r..2"));
  EXPECT_EQ(next_run_id(RunId("r.4294967295")).get(), "r.4294967296");
  const RunId hashed = next_run_id(RunId(std::string(127, 'r')));
  EXPECT_EQ(hashed.get().size(), 64U);
  // The messages of a run with a long id are named after the hash of that.
  EXPECT_NE(hashed.get(), to_hex(sha256(std::string(127, 'r'))));
}

TEST(Resume, ChangesNothingThatIsFoldedTwice) {
  Resuming story;
  story.decide("c1", CallStatus::denied);
  const ThreadState before = story.state();
  story.answer("c2", "t2");
  EXPECT_EQ(difference(story.state_at(before.now), before), "");
  EXPECT_EQ(difference(story.state_at(story.now()), story.state()), "");
}

}  // namespace
}  // namespace lockstep::test
