// SPDX-License-Identifier: Apache-2.0
// A result that waits, a call that a stop shortens, and calls of one id (call_gates.h).
#include <gtest/gtest.h>

#include "engine/rules/call_results.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// A run has ended with these calls of one answer.
struct Asked : Story {
  explicit Asked(const std::vector<ToolCallPart>& calls, bool ends = true) {
    start("r1", "u1", "hello");
    std::vector<decltype(Step::what)> written{OpenMessage{a1, {}, Role::assistant, {}}};
    for (const ToolCallPart& call : calls) written.emplace_back(StartPart{a1, {}, call});
    if (ends) {
      written.emplace_back(EndMessage{a1, MessageStatus::complete, {}});
      written.emplace_back(EndRun{});
    }
    EXPECT_TRUE(steps("r1", std::move(written)));
  }
  Outcome decide(CallStatus status, const std::string& call = "c", const std::string& reason = {}) {
    return change(DecideCall{a1, call, status, reason, false});
  }
  Outcome answer(const std::string& content, const std::string& id, const std::string& call = "c") {
    return change(AnswerCall{a1, call, content, false, MessageId(id)});
  }
  [[nodiscard]] std::string note(std::size_t part) const {
    const CallNote* found = note_of(message("a1"), part);
    return found ? std::string(name_of(found->status)) : "-";
  }
  // The result that the head's path has for each call, in brackets if the engine made it.
  [[nodiscard]] std::string results() const {
    std::vector<const Message*> path;
    for (const MessageState* row : state().path(state().thread.head)) path.push_back(&row->message);
    const CallResults found = match_results(path);
    std::string words;
    for (const CallResult& call : found.calls) {
      if (!words.empty()) words += ", ";
      if (!call.result) {
        words += "-";
        continue;
      }
      const auto& part =
          std::get<ToolResultPart>(path[call.result->message]->parts[call.result->part]);
      words += call.made ? "[" + part.content + "]" : part.content;
    }
    return words + (found.strays.empty() ? "" : " and strays");
  }
  MessageId a1{"a1"};
};

const ToolCallPart look{"c", "look", "{}"};
const ToolCallPart ask{"c", "ask", "{}"};

// --- Results that wait ---------------------------------------------------------------------------

// Another run is at work, so a start waits with a result in its input.
struct Waiting : Asked {
  explicit Waiting(const ToolCallPart& call = look) : Asked({call}) {
    start("r2", "u2", "meanwhile");
    for (const std::string id : {"r3", "r4"}) {
      StartRun start;
      start.run = RunId(id);
      MessageInput input;
      input.id = MessageId("t." + id);
      input.role = Role::tool;
      input.parts = {ToolResultPart{"c", "by " + id}};
      start.input = {input};
      starts.push_back(std::move(start));
    }
  }
  void queue(std::size_t at = 0) { EXPECT_TRUE(change(starts[at]).applied); }
  void go_on() { EXPECT_TRUE(steps("r2", {EndRun{}})); }
  // How the run that waited has gone on.
  [[nodiscard]] std::string how(const std::string& id) const {
    const Run& row = run(id);
    if (row.status == RunStatus::running) return "runs";
    return row.error ? row.error->code : "-";
  }
  std::vector<StartRun> starts;
};

TEST(AResultThatWaits, GoesToItsCallWhenItsRunStarts) {
  Waiting story;
  story.queue();
  story.go_on();
  EXPECT_EQ(story.how("r3"), "runs");
  EXPECT_EQ(story.results(), "by r3");
}

TEST(AResultThatWaits, ComesTooLateIfTheCallWasAnsweredMeanwhile) {
  Waiting story;
  story.queue();
  EXPECT_TRUE(story.answer("first", "t1").applied);
  story.go_on();
  EXPECT_EQ(story.how("r3"), "answered");
  EXPECT_EQ(story.results(), "first");
  EXPECT_EQ(story.run("r3").input.size(), 1u) << "its user may look at it, and send it again";
  EXPECT_NE(story.run("r3").error->detail.find("send it again"), std::string::npos);
}

TEST(AResultThatWaits, OfTwoTheFirstOneCounts) {
  Waiting story;
  story.queue(0);
  story.queue(1);
  story.go_on();
  EXPECT_EQ(story.how("r3"), "runs");
  EXPECT_TRUE(story.steps("r3", {EndRun{}}));
  EXPECT_EQ(story.how("r4"), "answered");
  EXPECT_EQ(story.results(), "by r3");
}

TEST(AResultThatWaits, FindsThatItsCallWasEditedAway) {
  Waiting story;
  story.queue();
  story.put("a1", "no call any more");
  EXPECT_EQ(story.how("r3"), "unknown_call");
}

TEST(AResultThatWaits, FindsThatAPersonHasDeniedTheCall) {
  Asked story({look}, false);
  EXPECT_TRUE(story.steps("r1", {EndMessage{story.a1, MessageStatus::complete, {}}}));
  StartRun start;
  start.run = RunId("r2");
  start.input = {MessageInput{MessageId("t1"), Role::tool, {ToolResultPart{"c", "found"}}, {}, {}}};
  EXPECT_TRUE(story.change(std::move(start)).applied) << "it waits: the run that asked goes on";
  EXPECT_TRUE(story.decide(CallStatus::denied).applied);
  EXPECT_TRUE(story.steps("r1", {EndRun{}}));
  EXPECT_EQ(story.run("r2").error->code, "answered");
  EXPECT_EQ(story.results(), "[denied by the user]");
}

TEST(AResultThatWaits, FindsThatAnEditOfTheCallNeedsApproval) {
  Waiting story(ask);
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  story.queue();
  PutMessage put;
  put.id = story.a1;
  put.parts = {ToolCallPart{"c", "ask", "{\"all\":true}"}};
  EXPECT_TRUE(story.change(std::move(put)).applied);
  EXPECT_EQ(story.how("r3"), "needs_approval");
}

TEST(AResultThatWaits, LetsTheRunsBehindItStart) {
  Waiting story;
  story.queue();
  story.start("r5", "u5", "and then?");
  EXPECT_TRUE(story.answer("first", "t1").applied);
  story.go_on();
  EXPECT_EQ(story.how("r3"), "answered");
  EXPECT_EQ(story.how("r5"), "runs");
}

TEST(AResultThatWaits, IsCheckedWhereAStartInterruptsTheAnswerWithItsCall) {
  Asked story({look}, false);
  StartRun start;
  start.run = RunId("r2");
  start.when_busy = WhenBusy::rollback;
  MessageInput input;
  input.id = MessageId("t1");
  input.role = Role::tool;
  input.parts = {ToolResultPart{"c", "found"}};
  start.input = {input};
  EXPECT_TRUE(story.change(start).applied);
  EXPECT_EQ(story.run("r2").error->code, "unknown_call") << "the rollback has taken the call";
}

// --- Calls that a stop shortens ------------------------------------------------------------------

// What models write now and then: two objects behind each other. The first one alone is whole.
const std::string two_objects = R"({"n":1}{"n":1000000})";
constexpr Units one_object = 7;

struct Shortened : Asked {
  explicit Shortened(const std::string& tool = "ask", bool ends = true)
      : Asked({{"c", tool, two_objects}}, ends) {}
  void cut() {
    EXPECT_TRUE(stop("r1", now(), {shown("a1", 0, one_object)}).applied);
    ASSERT_FALSE(message("a1").parts.empty());
    EXPECT_EQ(std::get<ToolCallPart>(message("a1").parts[0]).arguments, R"({"n":1})");
  }
};

TEST(AShortenedCall, NeedsApprovalAgainIfItWasApproved) {
  Shortened story;
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  story.cut();
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.answer("done", "t1").code, "needs_approval");
}

TEST(AShortenedCall, NeedsApprovalAgainIfSomebodyWasAtWork) {
  Shortened story;
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  EXPECT_TRUE(story.decide(CallStatus::running).applied);
  story.cut();
  EXPECT_EQ(story.note(0), "needs_approval");
}

TEST(AShortenedCall, NeedsApprovalStillIfNobodyHadDecided) {
  Shortened story;
  story.cut();
  EXPECT_EQ(story.note(0), "needs_approval");
}

TEST(AShortenedCall, NeedsApprovalIfItIsCutWhileItIsWritten) {
  Shortened story("ask", false);
  story.cut();
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.results(), "[stopped by the user]");
  EXPECT_EQ(story.decide(CallStatus::running).code, "needs_approval");
}

TEST(AShortenedCall, AsksAgainIfItWasDenied) {
  Shortened story;
  EXPECT_TRUE(story.decide(CallStatus::denied).applied);
  story.cut();
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.answer("done", "t1").code, "needs_approval");
}

TEST(AShortenedCall, KeepsTheGateThatItsWriterNoted) {
  Shortened story("look", false);
  EXPECT_TRUE(story.steps("r1", {NoteCall{story.a1, {0, CallStatus::needs_approval}}}));
  EXPECT_TRUE(story.steps("r1", {CutMessage{story.a1, {one_object}}}));
  EXPECT_EQ(story.note(0), "needs_approval");
}

TEST(AShortenedCall, OfAToolThatIsAlwaysAllowedStaysAllowed) {
  Shortened story;
  EXPECT_TRUE(story.change(DecideCall{story.a1, "c", CallStatus::approved, "", true}).applied);
  story.cut();
  EXPECT_EQ(story.note(0), "approved");
}

TEST(AShortenedCall, ThatNeededNoApprovalNeedsNone) {
  Shortened story("look");
  story.cut();
  EXPECT_EQ(story.note(0), "-");
  Shortened open("look", false);
  EXPECT_TRUE(open.steps("r1", {NoteCall{open.a1, {0, CallStatus::running}}}));
  EXPECT_TRUE(open.steps("r1", {CutMessage{open.a1, {one_object}}}));
  EXPECT_EQ(open.note(0), "-") << "its writer was at work, and takes it back";
}

// --- Equal ids -----------------------------------------------------------------------------------

struct Twins : Asked {
  Twins() : Asked({{"c", "ask", "{\"n\":1}"}, {"c", "ask", "{\"n\":2}"}}) {}
};

TEST(CallsOfOneId, AreDecidedInOrder) {
  Twins story;
  EXPECT_TRUE(story.decide(CallStatus::denied, "c", "not that").applied);
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  EXPECT_EQ(story.note(0), "denied");
  EXPECT_EQ(story.note(1), "approved");
}

TEST(CallsOfOneId, TheAnswerGoesToTheOneThatWasNotDenied) {
  Twins story;
  EXPECT_TRUE(story.decide(CallStatus::denied).applied);
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  EXPECT_TRUE(story.decide(CallStatus::running).applied);
  EXPECT_TRUE(story.answer("two", "t1").applied);
  EXPECT_EQ(story.results(), "[denied by the user], two");
  EXPECT_EQ(story.answer("three", "t2").code, "answered");
}

TEST(CallsOfOneId, BothMayBeDenied) {
  Twins story;
  EXPECT_TRUE(story.decide(CallStatus::denied, "c", "one").applied);
  EXPECT_TRUE(story.decide(CallStatus::denied, "c", "two").applied);
  EXPECT_EQ(story.results(), "[denied by the user: one], [denied by the user: two]");
  EXPECT_EQ(story.decide(CallStatus::denied).code, "answered");
}

TEST(CallsOfOneId, TheDenialOfTheSecondOneIsNotTheFirstOnes) {
  Twins story;
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  EXPECT_TRUE(story.answer("one", "t1").applied);
  EXPECT_TRUE(story.decide(CallStatus::denied).applied);
  EXPECT_EQ(story.results(), "one, [denied by the user]");
  EXPECT_TRUE(story.change(DeleteMessage{MessageId("t1"), false}).applied);
  EXPECT_EQ(story.results(), "-, [denied by the user]");
}

TEST(CallsOfOneId, AnEarlierAnswersCallIsOpenThoughALaterOneWasDenied) {
  Asked story({look});
  story.start("r2", "u2", "go on");
  const MessageId a2("a2");
  EXPECT_TRUE(story.steps("r2", {OpenMessage{a2, {}, Role::assistant, {}}, StartPart{a2, {}, look},
                                 EndMessage{a2, MessageStatus::complete, {}}, EndRun{}}));
  EXPECT_TRUE(story.change(DecideCall{a2, "c", CallStatus::denied, {}, false}).applied);
  const AnswerCall to_the_denied{a2, "c", "late", false, MessageId("t0")};
  EXPECT_EQ(story.change(to_the_denied).code, "answered");

  PutMessage put;
  put.id = MessageId("t1");
  put.role = Role::tool;
  put.parts = {ToolResultPart{"c", "late"}};
  EXPECT_TRUE(story.change(std::move(put)).applied);

  EXPECT_EQ(story.results(), "late, [denied by the user]");
}

TEST(CallsOfOneId, APutAndAnInputFollowTheSameRule) {
  Twins story;
  EXPECT_TRUE(story.decide(CallStatus::denied).applied);
  EXPECT_TRUE(story.decide(CallStatus::approved).applied);
  PutMessage put;
  put.id = MessageId("t1");
  put.role = Role::tool;
  put.parts = {ToolResultPart{"c", "two"}};
  EXPECT_TRUE(story.change(std::move(put)).applied);
  EXPECT_EQ(story.results(), "[denied by the user], two");
}

}  // namespace
}  // namespace lockstep::test
