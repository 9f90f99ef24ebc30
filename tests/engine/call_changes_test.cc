// SPDX-License-Identifier: Apache-2.0
// Answers to calls and decisions about them (engine/rules/call_changes.h).
#include <gtest/gtest.h>

#include "engine/rules/call_results.h"
#include "engine/rules/digest.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// A run has ended with two calls: of `ask`, which needs approval, and of `look`, which does not.
struct Called : Story {
  MessageId a1{"a1"};
  Called() {
    start("r1", "u1", "hello");
    EXPECT_TRUE(steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                             StartPart{a1, {}, ToolCallPart{"c1", "ask", "{}"}},
                             StartPart{a1, {}, ToolCallPart{"c2", "look", "{}"}}}));
  }
  void end() { EXPECT_TRUE(steps("r1", {EndMessage{a1, MessageStatus::complete, {}}, EndRun{}})); }
  Outcome decide(const std::string& call, CallStatus status, std::string reason = {},
                 bool always = false) {
    return change(DecideCall{a1, call, status, std::move(reason), always});
  }
  Outcome answer(const std::string& call, const std::string& content, const std::string& id,
                 bool failed = false) {
    return change(AnswerCall{a1, call, content, failed, MessageId(id)});
  }
  [[nodiscard]] std::string note(std::size_t part) const {
    const CallNote* found = note_of(message("a1"), part);
    if (!found) return "-";
    return std::string(name_of(found->status)) + (found->reason.empty() ? "" : ":" + found->reason);
  }
  // The result that the path to the head has for a call, in brackets if the engine made it.
  [[nodiscard]] std::string result(std::size_t call) const {
    std::vector<const Message*> path;
    for (const MessageState* row : state().path(state().thread.head)) path.push_back(&row->message);
    const CallResult found = match_results(path).calls.at(call);
    if (!found.result) return "-";
    const auto& part =
        std::get<ToolResultPart>(path[found.result->message]->parts[found.result->part]);
    return found.made ? "[" + part.content + "]" : part.content;
  }
};

TEST(CallNotes, ACallThatNeedsApprovalSaysSoFromItsFirstByte) {
  Called story;
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.note(1), "-");
}

TEST(CallNotes, AWriterMayNoteThatACallNeedsApprovalOrIsAtWork) {
  Called story;
  EXPECT_TRUE(story.steps("r1", {NoteCall{story.a1, {1, CallStatus::running}}}));
  EXPECT_EQ(story.note(1), "running");
  EXPECT_EQ(story.steps("r1", {NoteCall{story.a1, {1, CallStatus::approved}}}).error().code,
            "invalid");
  EXPECT_EQ(story.steps("r1", {NoteCall{story.a1, {7, CallStatus::running}}}).error().code,
            "invalid");
}

TEST(CallNotes, AreNoMoreWhereTheirCallWasCut) {
  Called story;
  story.steps("r1", {CutMessage{story.a1, {}}});
  EXPECT_TRUE(story.message("a1").calls.empty());
}

struct Edited : Called {
  void put(Parts parts) {
    PutMessage put;
    put.id = a1;
    put.parts = std::move(parts);
    EXPECT_TRUE(change(std::move(put)).applied);
  }
};

TEST(CallNotes, StayWithACallThatIsPutAsItWasWhereverItStands) {
  Edited story;
  story.end();
  story.decide("c2", CallStatus::running);
  story.put({TextPart{"first"}, ToolCallPart{"c1", "ask", "{}"}, ToolCallPart{"c2", "look", "{}"}});
  EXPECT_EQ(story.note(0), "-");
  EXPECT_EQ(story.note(1), "needs_approval");
  EXPECT_EQ(story.note(2), "running");
  EXPECT_EQ(story.answer("c1", "done", "t1").code, "needs_approval");
}

TEST(CallNotes, ADenialOutlivesAnEditOfTheTextBesideIt) {
  Edited story;
  story.end();
  story.decide("c1", CallStatus::denied);
  Parts parts = story.message("a1").parts;
  parts.edit().insert(parts.edit().begin(), TextPart{"first"});
  story.put(parts);
  EXPECT_EQ(story.note(1), "denied");
  EXPECT_EQ(story.answer("c1", "ran anyway", "t1").code, "answered");
}

TEST(CallNotes, ACallWithOtherArgumentsAsksAgain) {
  Edited story;
  story.end();
  story.decide("c1", CallStatus::approved);
  story.put({ToolCallPart{"c1", "ask", "{\"amount\":1000000}"}, ToolCallPart{"c2", "look", "{}"}});
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.note(1), "-");
}

TEST(CallNotes, ACallThatTakesThePlaceOfAnotherAsksForItself) {
  Edited story;
  story.end();
  story.put({ToolCallPart{"c2", "look", "{}"}, ToolCallPart{"c9", "ask", "{}"}});
  EXPECT_EQ(story.note(0), "-");
  EXPECT_EQ(story.note(1), "needs_approval");
}

TEST(CallNotes, ADenialWithoutItsResultAsksAgain) {
  Edited story;
  story.end();
  story.decide("c1", CallStatus::denied, "never");
  story.put({ToolCallPart{"c1", "ask", "{}"}, ToolCallPart{"c2", "look", "{}"}});
  EXPECT_EQ(story.note(0), "needs_approval");
}

TEST(CallNotes, ACallThatItsWriterCutsAndWritesAnewKeepsItsGate) {
  Called story;
  story.steps("r1", {CutMessage{story.a1, {0}}, AppendContent{story.a1, 0, "{}"}});
  EXPECT_EQ(story.note(0), "needs_approval");
}

TEST(CallNotes, AWriterGivesNoResultBeforeTheApproval) {
  Called story;
  const auto early = story.steps("r1", {StartPart{story.a1, {}, ToolResultPart{"c1", "done"}}});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, "needs_approval");
  const auto runs = story.steps("r1", {NoteCall{story.a1, {0, CallStatus::running}}});
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().code, "needs_approval");
  EXPECT_TRUE(story.steps("r1", {StartPart{story.a1, {}, ToolResultPart{"c2", "42"}}}));
}

TEST(CallNotes, CountInTheDigestOnlyWhereTheyAre) {
  Message plain;
  plain.id = MessageId("a");
  plain.parts = {ToolCallPart{"c", "t", "{}"}};
  Message noted = plain;
  noted.calls = {{0, CallStatus::approved, ""}};
  Message denied = plain;
  denied.calls = {{0, CallStatus::denied, "no"}};
  EXPECT_NE(digest(plain, {}), digest(noted, {}));
  EXPECT_NE(digest(noted, {}), digest(denied, {}));
}

TEST(DecideCall, TheFirstDecisionCountsAndTheSecondIsTold) {
  Called story;
  story.end();
  EXPECT_TRUE(story.decide("c1", CallStatus::approved).applied);
  const Outcome second = story.decide("c1", CallStatus::denied, "too late");
  EXPECT_FALSE(second.applied);
  EXPECT_EQ(second.code, "decided");
  EXPECT_EQ(story.note(0), "approved");
  EXPECT_EQ(story.decide("c1", CallStatus::approved).code, "decided");
}

TEST(DecideCall, ADenialGivesTheCallAResultWithItsReason) {
  Called story;
  story.end();
  EXPECT_TRUE(story.decide("c1", CallStatus::denied, "not on my disk").applied);
  EXPECT_EQ(story.note(0), "denied:not on my disk");
  EXPECT_EQ(story.result(0), "[denied by the user: not on my disk]");
  EXPECT_EQ(story.answer("c1", "done", "t1").code, "answered");
}

TEST(DecideCall, RunningIsForOneDeviceAndOnlyAfterAnApprovalThatIsNeeded) {
  Called story;
  story.end();
  EXPECT_EQ(story.decide("c1", CallStatus::running).code, "needs_approval");
  story.decide("c1", CallStatus::approved);
  EXPECT_TRUE(story.decide("c1", CallStatus::running).applied);
  EXPECT_EQ(story.decide("c1", CallStatus::running).code, "decided");
  EXPECT_TRUE(story.decide("c2", CallStatus::running).applied);
  EXPECT_EQ(story.decide("c2", CallStatus::denied).code, "decided");
}

TEST(DecideCall, AlwaysApprovesTheLaterCallsOfTheTool) {
  Called story;
  story.end();
  story.decide("c1", CallStatus::approved, "", true);
  EXPECT_EQ(story.state().thread.approved_tools, std::vector<std::string>{"ask"});
  story.answer("c1", "done", "t1");
  story.start("r2", "u2", "again");
  story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                     StartPart{MessageId("a2"), {}, ToolCallPart{"c9", "ask", "{}"}}});
  ASSERT_EQ(story.message("a2").calls.size(), 1U);
  EXPECT_EQ(story.message("a2").calls[0].status, CallStatus::approved);
}

TEST(DecideCall, AlwaysCanBeTakenBack) {
  Called story;
  story.end();
  story.decide("c1", CallStatus::approved, "", true);
  UpdateThread update;
  update.approved_tools.emplace();
  story.change(update);
  EXPECT_TRUE(story.state().thread.approved_tools.empty());
}

TEST(DecideCall, TheListOfApprovedToolsHasABound) {
  Called story;
  story.end();
  UpdateThread update;
  update.approved_tools.emplace();
  for (int at = 0; at < 16; ++at) {
    update.approved_tools->emplace_back(1024, static_cast<char>('a' + at));
  }
  story.change(update);
  EXPECT_EQ(story.decide("c1", CallStatus::approved, "", true).code, "too_many");
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_TRUE(story.decide("c1", CallStatus::approved).applied);
}

TEST(DecideCall, ADenialBehindAResultThatTheModelWasToldIsRefused) {
  Called story;
  story.end();
  story.start("r2", "u2", "never mind");
  EXPECT_EQ(story.decide("c1", CallStatus::denied, "never").code, "answered");
  EXPECT_EQ(story.decide("c2", CallStatus::denied, "never").code, "answered");
  EXPECT_TRUE(story.decide("c1", CallStatus::approved).applied);
}

TEST(DecideCall, IsAboutTheCallThatThePersonSaw) {
  Called story;
  story.end();
  const Timestamp seen = story.now();
  PutMessage put;
  put.id = story.a1;
  put.parts = {ToolCallPart{"c1", "ask", "{\"path\":\"/\"}"}};
  ChangeRequest tab{UserId("ann"), DeviceId("tab"), {}, {}, {Change{Op(1), {}, {}, put}}};
  ASSERT_TRUE(story.say(tab)[0].applied);
  const DecideCall yes{story.a1, "c1", CallStatus::approved, "", true};
  EXPECT_EQ(story.change(yes, seen).code, "changed");
  EXPECT_EQ(story.change(AnswerCall{story.a1, "c1", "done", false, MessageId("t1")}, seen).code,
            "changed");
  EXPECT_TRUE(story.state().thread.approved_tools.empty());
  EXPECT_TRUE(story.change(yes).applied);
}

TEST(DecideCall, WaitsForTheEndOfItsMessage) {
  Called story;
  EXPECT_EQ(story.decide("c1", CallStatus::approved).code, "busy");
  EXPECT_EQ(story.decide("c7", CallStatus::approved).code, "unknown_call");
  EXPECT_EQ(story.change(DecideCall{MessageId("a7"), "c1", CallStatus::approved, "", false}).code,
            "unknown_message");
}

TEST(AnswerCall, PutsTheResultBehindTheCallAndMovesTheHead) {
  Called story;
  story.end();
  EXPECT_TRUE(story.answer("c2", "42", "t2").applied);
  EXPECT_EQ(story.head(), "t2");
  EXPECT_EQ(story.parent("t2"), "a1");
  EXPECT_EQ(story.message("t2").role, Role::tool);
  EXPECT_EQ(story.result(1), "42");
  EXPECT_EQ(story.answer("c2", "43", "t3").code, "answered");
}

TEST(AnswerCall, AFailureIsMarked) {
  Called story;
  story.end();
  story.answer("c2", "no such file", "t2", true);
  EXPECT_TRUE(std::get<ToolResultPart>(story.message("t2").parts[0]).failed);
}

TEST(AnswerCall, IsRefusedWhileTheCallWaitsForApproval) {
  Called story;
  story.end();
  EXPECT_EQ(story.answer("c1", "done", "t1").code, "needs_approval");
  story.decide("c1", CallStatus::approved);
  EXPECT_TRUE(story.answer("c1", "done", "t1").applied);
}

TEST(AnswerCall, FollowsOneRuleWithPutsAndInputs) {
  Called story;
  story.end();
  PutMessage put;
  put.id = MessageId("t1");
  put.role = Role::tool;
  put.parts = {ToolResultPart{"c1", "done"}};
  EXPECT_EQ(story.change(put).code, "needs_approval");
  StartRun start;
  start.run = RunId("r2");
  start.input = {{MessageId("t1"), Role::tool, {ToolResultPart{"c1", "done"}}, {}, {}}};
  EXPECT_EQ(story.change(start).code, "needs_approval");
  story.decide("c1", CallStatus::denied);
  EXPECT_EQ(story.change(put).code, "answered");
  EXPECT_EQ(story.change(start).code, "answered");
}

TEST(AnswerCall, OfACallOnAnotherBranchLeavesTheHead) {
  Called story;
  story.end();
  story.put("u2", "other question", after("u1"));
  story.change(MoveHead{MessageId("u1")});
  story.put("u3", "a branch", below("u1"));
  ASSERT_EQ(story.head(), "u3");
  EXPECT_TRUE(story.answer("c2", "42", "t2").applied);
  EXPECT_EQ(story.head(), "u3");
  EXPECT_EQ(story.parent("t2"), "a1");
  // The next one goes behind the results that are there.
  story.decide("c1", CallStatus::approved);
  EXPECT_TRUE(story.answer("c1", "done", "t1").applied);
  EXPECT_EQ(story.parent("t1"), "t2");
}

TEST(AnswerCall, OfManyCallsOnAnotherBranchMakesOneChain) {
  Story story;
  story.start("r1", "u1", "hello");
  const MessageId a1("a1");
  std::vector<decltype(Step::what)> written{OpenMessage{a1, {}, Role::assistant, {}}};
  for (const char* id : {"c1", "c2", "c3"}) {
    written.emplace_back(StartPart{a1, {}, ToolCallPart{id, "look", "{}"}});
  }
  written.emplace_back(EndRun{});
  EXPECT_TRUE(story.steps("r1", std::move(written)));
  story.put("u2", "a branch", below("u1"));
  for (const char* number : {"1", "2", "3"}) {
    const MessageId id(std::string("t") + number);
    const AnswerCall answer{a1, std::string("c") + number, "42", false, id};
    EXPECT_TRUE(story.change(answer).applied) << number;
  }
  EXPECT_EQ(story.parent("t1"), "a1");
  EXPECT_EQ(story.parent("t2"), "t1");
  EXPECT_EQ(story.parent("t3"), "t2") << "beside it, the model would not be given one of them";
}

// A tool that answers late must not push the answer under way off the path.
TEST(AnswerCall, ThatComesWhileALaterRunBeginsLeavesItsAnswerOnThePath) {
  Called story;
  story.end();
  story.start("r2", "u2", "never mind");
  story.answer("c2", "42", "t2");
  const MessageId a2("a2");
  const MessageId b2("b2");
  story.steps("r2", {OpenMessage{a2, {}, Role::assistant, {}}, AppendContent{a2, 0, "well"}});
  EXPECT_EQ(story.parent("a2"), "t2");
  EXPECT_EQ(story.head(), "a2");
  story.change(DecideCall{story.a1, "c1", CallStatus::approved, "", false});
  story.answer("c1", "done", "t1");
  story.steps("r2", {EndMessage{a2, MessageStatus::complete, {}},
                     OpenMessage{b2, {}, Role::assistant, {}}});
  EXPECT_EQ(story.parent("b2"), "t1");
  EXPECT_EQ(story.head(), "b2");
}

TEST(AnswerCall, OfACallThatNobodyApprovedIsMadeWithThatReason) {
  Called story;
  story.end();
  story.start("r2", "u2", "never mind");
  EXPECT_EQ(story.result(0), "[not approved by the user]");
  EXPECT_EQ(story.result(1), "[no result]");
}

TEST(AnswerCall, ComesLateButReplacesAMadeResult) {
  Called story;
  story.end();
  story.decide("c1", CallStatus::approved);
  story.start("r2", "u2", "never mind");
  EXPECT_EQ(story.result(0), "[no result]");
  EXPECT_TRUE(story.answer("c1", "done", "t1").applied);
  EXPECT_EQ(story.result(0), "done");
}

// Two answers, each with a call of the same id.
struct Twice : Story {
  MessageId a1{"a1"};
  MessageId a2{"a2"};
  Twice() {
    start("r1", "u1", "hello");
    ask("r1", a1);
  }
  void ask(const std::string& run, const MessageId& id, const std::string& tool = "look") {
    EXPECT_TRUE(steps(run, {OpenMessage{id, {}, Role::assistant, {}},
                            StartPart{id, {}, ToolCallPart{"c", tool, "{}"}},
                            EndMessage{id, MessageStatus::complete, {}}, EndRun{}}));
  }
  Outcome answer(const MessageId& message, const std::string& id) {
    return change(AnswerCall{message, "c", "to " + message.get(), false, MessageId(id)});
  }
};

TEST(AnswerCall, NeverGoesToACallOfAnotherMessageThanItNames) {
  Twice answered;
  answered.answer(answered.a1, "t1");
  answered.start("r2", "u2", "again");
  answered.ask("r2", answered.a2);
  EXPECT_EQ(answered.answer(answered.a1, "t2").code, "answered");
  EXPECT_TRUE(answered.answer(answered.a2, "t2").applied);

  Twice left;
  left.start("r2", "u2", "never mind");
  left.ask("r2", left.a2);
  EXPECT_EQ(left.answer(left.a1, "t1").code, "busy");
  EXPECT_TRUE(left.answer(left.a2, "t2").applied);
  EXPECT_TRUE(left.answer(left.a1, "t1").applied);

  Twice gated;
  gated.answer(gated.a1, "t1");
  gated.start("r2", "u2", "again");
  gated.ask("r2", gated.a2, "ask");
  EXPECT_EQ(gated.answer(gated.a1, "t2").code, "answered");
}

TEST(AnswerCall, NamesTheFirstOpenCallOfEqualIds) {
  Story story;
  story.start("r1", "u1", "hello");
  const MessageId a1("a1");
  story.steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                     StartPart{a1, {}, ToolCallPart{"same", "look", "{\"n\":1}"}},
                     StartPart{a1, {}, ToolCallPart{"same", "look", "{\"n\":2}"}},
                     EndMessage{a1, MessageStatus::complete, {}}, EndRun{}});
  EXPECT_TRUE(story.change(AnswerCall{a1, "same", "one", false, MessageId("t1")}).applied);
  EXPECT_TRUE(story.change(DecideCall{a1, "same", CallStatus::denied, "", false}).applied);
  EXPECT_EQ(story.message("a1").calls[0].part, 1U);
  EXPECT_EQ(story.change(AnswerCall{a1, "same", "two", false, MessageId("t2")}).code, "answered");
}

// A result names its call by the id alone, so it would go to the later answer.
TEST(AnswerCall, IsRefusedWhereALaterAnswerHasAnOpenCallOfTheId) {
  Called story;
  story.steps("r1", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                     StartPart{MessageId("a2"), {}, ToolCallPart{"c2", "look", "{}"}}});
  story.end();

  EXPECT_EQ(story.answer("c2", "found", "t1").code, "busy");
  EXPECT_TRUE(story.change(AnswerCall{MessageId("a2"), "c2", "2", false, MessageId("t2")}).applied);
  EXPECT_TRUE(story.answer("c2", "1", "t1").applied);

  EXPECT_EQ(story.result(1), "1");
  EXPECT_EQ(story.result(2), "2");
}

TEST(CallNotes, ACallThatItsWriterShortensNeedsApprovalAgain) {
  Called story;
  EXPECT_TRUE(story.steps("r1", {CutMessage{story.a1, {1}}}));
  EXPECT_EQ(story.note(0), "needs_approval");

  EXPECT_TRUE(story.steps("r1", {AppendContent{story.a1, 0, "}"}}));
  story.end();

  EXPECT_EQ(story.answer("c1", "done", "t1").code, "needs_approval");
}

}  // namespace
}  // namespace lockstep::test
