// SPDX-License-Identifier: Apache-2.0
// A call has one real result, and an answer one continuation (call_check.h).
#include <gtest/gtest.h>

#include "engine/rules/call_results.h"
#include "engine/rules/producer.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

ToolCallPart call(std::string id) { return {std::move(id), "look", "{}"}; }

// An answer `a1` below `u1` with these parts; its run has ended.
struct Answered : Story {
  explicit Answered(const std::vector<Part>& parts, EndRun end = {}) {
    start("r1", "u1", "look it up");
    std::vector<decltype(Step::what)> written{
        OpenMessage{MessageId("a1"), {}, Role::assistant, {}}};
    for (const Part& part : parts) written.emplace_back(StartPart{MessageId("a1"), {}, part});
    written.emplace_back(std::move(end));
    EXPECT_TRUE(steps("r1", std::move(written)));
  }

  // Puts a message of the role `tool` with these results; the code of its refusal, or `applied`.
  std::string results(const std::string& id, const std::vector<Part>& parts,
                      std::optional<Place> place = {}) {
    PutMessage put;
    put.id = MessageId(id);
    put.role = Role::tool;
    put.parts = parts;
    put.place = std::move(place);
    const Outcome outcome = change(put);
    return outcome.applied ? "applied" : outcome.code;
  }
  std::string result(const std::string& id, const std::string& call,
                     std::optional<Place> place = {}) {
    return results(id, {ToolResultPart{call, "found"}}, std::move(place));
  }
};

TEST(CallCheck, ACallTakesOneRealResult) {
  Answered story({call("c1")});

  EXPECT_EQ(story.result("t1", "c1"), "applied");
  EXPECT_EQ(story.result("t2", "c1"), "answered");
  EXPECT_EQ(story.message("t1").parts.size(), 1u);
  EXPECT_EQ(story.text("t2"), "<gone>");
}

TEST(CallCheck, CallsOfOneIdTakeOneResultEach) {
  Answered story({call("c1"), call("c1")});

  EXPECT_EQ(story.result("t1", "c1"), "applied");
  EXPECT_EQ(story.result("t2", "c1"), "applied");
  EXPECT_EQ(story.result("t3", "c1"), "answered");
}

TEST(CallCheck, AResultWithoutACallAboveItIsRefused) {
  Answered story({call("c1")});

  EXPECT_EQ(story.result("t1", "c2"), "unknown_call");
  EXPECT_EQ(story.result("t1", "c1", below("u1")), "unknown_call") << "it stands beside the call";
}

TEST(CallCheck, AResultForACallThatWasCutIsRefused) {
  Answered story({TextPart{"so"}, ToolCallPart{"c1", "look", "{\"half\":"}},
                 EndRun{RunStatus::failed, {}, {}});
  ASSERT_EQ(story.message("a1").parts.size(), 1u);

  EXPECT_EQ(story.result("t1", "c1"), "unknown_call");
}

TEST(CallCheck, AMadeResultLeavesItsCallOpenForTheRealOne) {
  Answered story({call("c1")});
  story.start("r2", "u2", "never mind");
  const auto& made = std::get<ToolResultPart>(story.message("a1").parts[1]);
  EXPECT_EQ(made, (ToolResultPart{"c1", "no result", true}));

  EXPECT_EQ(story.result("t1", "c1", after("a1")), "applied");
  EXPECT_EQ(story.run("r2").status, RunStatus::running) << "a late result ends no run";
  EXPECT_EQ(story.result("t2", "c1"), "answered");
}

TEST(CallCheck, PuttingTheMessageOfAResultAgainIsAnEdit) {
  Answered story({call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");

  EXPECT_EQ(story.results("t1", {ToolResultPart{"c1", "found elsewhere"}}), "applied");
  EXPECT_EQ(std::get<ToolResultPart>(story.message("t1").parts[0]).content, "found elsewhere");
}

TEST(CallCheck, AnEditMayNotMarkARealResultAsMade) {
  Answered story({call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");

  EXPECT_EQ(story.results("t1", {ToolResultPart{"c1", "found", true}}), "answered");
}

TEST(CallCheck, AnEditMayNotAddASecondResult) {
  Answered story({call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");
  ASSERT_TRUE(story.put("u2", "thanks").applied);

  EXPECT_EQ(story.results("t1", {ToolResultPart{"c1", "a"}, ToolResultPart{"c1", "b"}}),
            "answered");
  PutMessage again;
  again.id = MessageId("a1");
  again.parts = {call("c1"), ToolResultPart{"c1", "mine"}};
  EXPECT_EQ(story.change(again).code, "answered") << "the real one stands further down";
}

TEST(CallCheck, AnEditAboveMayTakeACallAwayFromItsResult) {
  Answered story({call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");

  EXPECT_TRUE(story.put("a1", "I know it without looking").applied);
  EXPECT_EQ(story.results("t1", {ToolResultPart{"c1", "found, later"}}), "applied");
}

// Models give an id again, and the result of the first call has lost it.
TEST(CallCheck, AStrayThatWasThereTakesNoResultFromAnotherCall) {
  Answered story({call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");
  ASSERT_TRUE(story.put("a1", "I know it without looking").applied);
  story.start("r2", "u2", "look again");
  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                                 StartPart{MessageId("a2"), {}, call("c1")}, EndRun{}}));
  ASSERT_EQ(story.results("t2", {TextPart{"soon"}}), "applied");

  EXPECT_EQ(story.results("t2", {ToolResultPart{"c1", "found"}}), "applied");
}

TEST(CallCheck, AnInputFollowsTheSameRule) {
  Answered story({call("c1")});
  StartRun start;
  start.run = RunId("r2");
  MessageInput input;
  input.id = MessageId("t1");
  input.role = Role::tool;
  input.parts = {ToolResultPart{"c1", "found"}};
  start.input = {input};
  EXPECT_TRUE(story.change(start).applied);
  ASSERT_TRUE(story.steps("r2", {EndRun{}}));

  start.run = RunId("r3");
  start.input[0].id = MessageId("t2");
  EXPECT_EQ(story.change(start).code, "answered");
  start.input[0].parts = {ToolResultPart{"c9", "found"}};
  EXPECT_EQ(story.change(start).code, "unknown_call");
}

// --- Costs ---------------------------------------------------------------------------------------

// All threads share one strand, so a request may not read a long path for each of its changes.
TEST(CallCheck, ARequestWalksOverSoManyMessagesAndNotMore) {
  Answered story({call("c1")});
  for (int at = 0; at < 300; ++at) {
    ASSERT_TRUE(story.put("m" + std::to_string(at), "more").applied);
  }
  ChangeRequest request;
  request.user = UserId("ann");
  for (int at = 0; at < 300; ++at) {
    PutMessage put;
    put.id = MessageId("t" + std::to_string(at));
    put.role = Role::tool;
    put.parts = {ToolResultPart{"c" + std::to_string(at + 1), "found"}};
    Change change;
    change.what = put;
    request.changes.push_back(std::move(change));
  }

  const std::vector<Outcome> outcomes = story.say(request);

  EXPECT_TRUE(outcomes[0].applied) << "the call is far above";
  EXPECT_EQ(outcomes[1].code, "unknown_call");
  EXPECT_EQ(outcomes[299].code, "too_many");
}

// A front that copies a message copies the mark too; alone it would pass every check.
TEST(CallCheck, AMadeResultOfAFrontIsTakenOnlyInTheMessageOfItsCall) {
  Answered story({call("c1")});
  story.start("r2", "u2", "never mind");
  const ToolResultPart made{"c1", "no result", true};

  EXPECT_EQ(story.results("t1", {made}), "answered");
  EXPECT_EQ(story.results("t1", {ToolResultPart{"c9", "no result", true}}), "unknown_call");
  PutMessage again;
  again.id = MessageId("a1");
  again.parts = {TextPart{"so"}, call("c1"), made};
  EXPECT_TRUE(story.change(again).applied);
}

// --- Ends by a limit of length -------------------------------------------------------------------

const ToolCallPart half{"c1", "look", "{\"half\":"};

TEST(LengthEnd, AHalfCallOfAMessageThatEndedAtTheLimitIsCut) {
  Story story;
  story.start("r1", "u1", "look it up");
  ASSERT_TRUE(story.steps(
      "r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
             StartPart{MessageId("a1"), {}, TextPart{"so"}}, StartPart{MessageId("a1"), {}, half},
             EndMessage{MessageId("a1"), MessageStatus::complete, {}, Finish{"length", "m"}}}));

  ASSERT_EQ(story.message("a1").parts.size(), 1u);
  EXPECT_EQ(story.message("a1").status, MessageStatus::complete);
  EXPECT_EQ(story.message("a1").finish, (Finish{"length", "m"}));
  EXPECT_EQ(story.state().run(RunId("r1"))->cut_calls, std::vector<std::string>{"c1"});
}

TEST(LengthEnd, TheEndOfTheRunDoesTheSameToOpenMessages) {
  Answered story({TextPart{"so"}, half}, EndRun{RunStatus::completed, {}, {}, {"length", "m"}});

  EXPECT_EQ(story.message("a1").parts.size(), 1u);
  EXPECT_EQ(story.run("r1").status, RunStatus::completed);
  EXPECT_EQ(story.run("r1").finish_reason, "length");
  EXPECT_EQ(story.run("r1").model, "m");
}

// A model server's failure ends the message before the run.
TEST(LengthEnd, AHalfCallOfAMessageThatFailedIsCutToo) {
  Story story;
  story.start("r1", "u1", "look it up");
  ASSERT_TRUE(story.steps(
      "r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
             StartPart{MessageId("a1"), {}, TextPart{"so"}}, StartPart{MessageId("a1"), {}, half},
             EndMessage{MessageId("a1"), MessageStatus::failed, {}},
             EndRun{RunStatus::failed, RunError{"code", "detail"}, {}}}));

  EXPECT_EQ(story.message("a1").parts.size(), 1u);
  EXPECT_EQ(story.message("a1").status, MessageStatus::failed);
}

TEST(LengthEnd, AMessageThatEndsWithItsRunTellsHowTheRunEnded) {
  Answered story({TextPart{"so"}}, EndRun{RunStatus::completed, {}, {}, {"length", "m"}});

  EXPECT_EQ(story.message("a1").finish, (Finish{"length", "m"}));
}

TEST(LengthEnd, ACallThatIsNoJsonStaysAfterAnOrdinaryEnd) {
  Answered story({half}, EndRun{RunStatus::completed, {}, {}, {"tool_calls", {}}});

  EXPECT_EQ(story.message("a1").parts.size(), 1u);
}

TEST(LengthEnd, APutTakesAwayHowTheFormerContentEnded) {
  Answered story({TextPart{"so"}});
  Story other;
  other.start("r1", "u1", "well?");
  ASSERT_TRUE(other.steps(
      "r1",
      {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
       EndMessage{MessageId("a1"), MessageStatus::complete, {}, Finish{"length", "m"}}, EndRun{}}));

  ASSERT_TRUE(other.put("a1", "my own words").applied);

  EXPECT_EQ(other.message("a1").finish, Finish());
}

// --- Continuing ----------------------------------------------------------------------------------

StartRun go_on(const std::string& run, const std::string& message) {
  StartRun start;
  start.run = RunId(run);
  start.continues = MessageId(message);
  return start;
}

TEST(Continue, TheFirstMessageOfTheRunGoesOnFromTheAnswer) {
  Answered story({TextPart{"Once upon a ti"}},
                 EndRun{RunStatus::completed, {}, {}, {"length", {}}});

  ASSERT_TRUE(story.change(go_on("r2", "a1")).applied);
  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                                 AppendContent{MessageId("a2"), 0, "me"},
                                 OpenMessage{MessageId("a3"), {}, Role::assistant, {}}}));

  EXPECT_EQ(story.run("r2").continues, MessageId("a1"));
  EXPECT_EQ(story.run("r2").head, MessageId("a1"));
  EXPECT_EQ(story.parent("a2"), "a1");
  EXPECT_EQ(story.message("a2").continues, MessageId("a1"));
  EXPECT_FALSE(story.message("a3").continues) << "only the first one";
  EXPECT_EQ(context_of(story.state(), story.run("r2"), "{}").continues, MessageId("a1"));
}

TEST(Continue, TheWriterBeginsRightBelowTheAnswerAsAnAssistant) {
  Answered story({TextPart{"Once"}});
  ASSERT_TRUE(story.change(go_on("r2", "a1")).applied);

  const auto first = [&](std::optional<MessageId> parent, Role role) {
    const auto taken = story.steps("r2", {OpenMessage{MessageId("a2"), parent, role, {}}});
    return taken ? "taken" : taken.error().code;
  };
  EXPECT_EQ(first(MessageId("u1"), Role::assistant), "invalid");
  EXPECT_EQ(first({}, Role::system), "invalid");
  EXPECT_EQ(first({}, Role::assistant), "taken");
}

TEST(Continue, AStopOfEitherRunCutsOnlyItsOwnMessage) {
  Answered story({TextPart{"Once upon a ti"}});
  ASSERT_TRUE(story.change(go_on("r2", "a1")).applied);
  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}},
                                 AppendContent{MessageId("a2"), 0, "me there was"}}));

  story.stop("r2", story.now(), {shown("a2", 0, 2)});

  EXPECT_EQ(story.text("a1"), "Once upon a ti");
  EXPECT_EQ(story.text("a2"), "me");
}

TEST(Continue, ASecondOneJoinsTheFirstOnesRun) {
  Answered story({TextPart{"Once"}});
  ASSERT_EQ(story.change(go_on("r2", "a1")).run, RunId("r2"));

  const Outcome open = story.change(go_on("r3", "a1"));
  EXPECT_TRUE(open.applied);
  EXPECT_EQ(open.run, RunId("r2"));
  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}}, EndRun{}}));
  EXPECT_EQ(story.change(go_on("r4", "a1")).run, RunId("r2")) << "its message goes on from it";
  EXPECT_EQ(story.state().runs.size(), 2u);
}

TEST(Continue, IsFreeAgainWhenItsRunWroteNothingOrItsMessageWasDeleted) {
  Answered story({TextPart{"Once"}});
  ASSERT_TRUE(story.change(go_on("r2", "a1")).applied);
  ASSERT_TRUE(story.steps("r2", {EndRun{RunStatus::failed, {}, {}}}));
  ASSERT_EQ(story.change(go_on("r3", "a1")).run, RunId("r3"));
  ASSERT_TRUE(story.steps("r3", {OpenMessage{MessageId("a3"), {}, Role::assistant, {}}, EndRun{}}));

  ASSERT_TRUE(story.change(DeleteMessage{MessageId("a3")}).applied);

  EXPECT_EQ(story.change(go_on("r4", "a1")).run, RunId("r4"));
}

TEST(Continue, WaitsForARunThatGoesOn) {
  Answered story({TextPart{"Once"}});
  story.start("r2", "u2", "well?");

  ASSERT_TRUE(story.change(go_on("r3", "a1")).applied);
  EXPECT_EQ(story.run("r3").status, RunStatus::queued);
  ASSERT_TRUE(story.steps("r2", {EndRun{}}));

  EXPECT_EQ(story.run("r3").status, RunStatus::running);
  EXPECT_EQ(story.run("r3").head, MessageId("a1"));
}

TEST(Continue, OnlyAnAnswerThatHasEndedCanBeContinued) {
  Answered story({TextPart{"Once"}});
  EXPECT_EQ(story.change(go_on("r2", "u1")).code, "invalid");
  EXPECT_EQ(story.change(go_on("r2", "nowhere")).code, "unknown_message");
  StartRun with_input = go_on("r2", "a1");
  with_input.input = {input("u2", "and?")};
  EXPECT_EQ(story.change(with_input).code, "invalid");
  StartRun with_place = go_on("r2", "a1");
  with_place.place = below("u1");
  EXPECT_EQ(story.change(with_place).code, "invalid");

  story.start("r2", "u2", "well?");
  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}}}));
  EXPECT_EQ(story.change(go_on("r3", "a2")).code, "invalid") << "it is still written";
  ASSERT_TRUE(story.change(DeleteMessage{MessageId("a1")}).applied);
  EXPECT_EQ(story.change(go_on("r3", "a1")).code, "deleted");
}

TEST(Continue, IsRefusedBesideAResultOfTheAnswersCalls) {
  Answered story({TextPart{"I look."}, call("c1")});
  ASSERT_EQ(story.result("t1", "c1"), "applied");

  EXPECT_EQ(story.change(go_on("r2", "a1")).code, "invalid");
  ASSERT_TRUE(story.change(DeleteMessage{MessageId("t1")}).applied);
  EXPECT_TRUE(story.change(go_on("r2", "a1")).applied);
}

TEST(Continue, TheAnswersDeletionEndsARunThatWaitsToContinueIt) {
  Answered story({TextPart{"Once"}});
  StartRun elsewhere;
  elsewhere.run = RunId("r2");
  elsewhere.input = {input("u2", "well?")};
  elsewhere.place = Place{Place::Kind::parent, std::nullopt};
  ASSERT_TRUE(story.change(elsewhere).applied);
  ASSERT_TRUE(story.change(go_on("r3", "a1")).applied);
  ASSERT_EQ(story.run("r3").status, RunStatus::queued);

  ASSERT_TRUE(story.change(DeleteMessage{MessageId("a1")}).applied);

  EXPECT_EQ(story.run("r3").status, RunStatus::superseded);
}

// --- Repairs -------------------------------------------------------------------------------------

TEST(NoteRepairs, TheLaterNoteReplacesTheEarlierOne) {
  Story story;
  story.start("r1", "u1", "well?");
  ASSERT_TRUE(story.steps("r1", {NoteRepairs{{{"joined", 2, {"u1"}}}}}));
  EXPECT_EQ(story.run("r1").repairs, (std::vector<NotedRepair>{{"joined", 2, {"u1"}}}));

  ASSERT_TRUE(story.steps("r1", {NoteRepairs{{{"placeholder", 1, {}}}}, EndRun{}}));

  EXPECT_EQ(story.run("r1").repairs, (std::vector<NotedRepair>{{"placeholder", 1, {}}}));
}

TEST(NoteRepairs, ATooLongNoteIsRefused) {
  Story story;
  story.start("r1", "u1", "well?");
  const std::vector<std::string> ids(64, std::string(1024, 'x'));

  const auto taken = story.steps("r1", {NoteRepairs{{{"joined", 64, ids}}}});

  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "too_large");
}

}  // namespace
}  // namespace lockstep::test
