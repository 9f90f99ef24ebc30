// SPDX-License-Identifier: Apache-2.0
// A decision and an answer are about the call that their user saw; and there is no way round a
// person (docs/protocol.md, "People and calls").
#include <gtest/gtest.h>

#include "engine/rules/call_results.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

const ToolCallPart erase{"c", "ask", R"({"path":"/tmp/a"})"};
const ToolCallPart erase_all{"c", "ask", R"({"path":"/"})"};

// A run writes calls that need approval.
struct Seen : Story {
  explicit Seen(const std::vector<ToolCallPart>& calls) {
    start("r1", "u1", "tidy up");
    std::vector<decltype(Step::what)> written{OpenMessage{a1, {}, Role::assistant, {}}};
    for (const ToolCallPart& call : calls) written.emplace_back(StartPart{a1, {}, call});
    EXPECT_TRUE(steps("r1", std::move(written)));
  }
  void write(decltype(Step::what) step) { EXPECT_TRUE(steps("r1", {std::move(step)})); }
  void end() { EXPECT_TRUE(steps("r1", {EndRun{}})); }
  // The code, or "" if it counts.
  std::string decide(CallStatus status, std::optional<Timestamp> seen = {}) {
    return change(DecideCall{a1, "c", status, {}, false}, seen).code;
  }
  std::string answer(const std::string& id, std::optional<Timestamp> seen = {}) {
    return change(AnswerCall{a1, "c", "done", false, MessageId(id)}, seen).code;
  }
  // A front puts the answer again, with these parts.
  Outcome put_again(Parts parts) {
    PutMessage put;
    put.id = a1;
    put.parts = std::move(parts);
    return change(std::move(put));
  }
  [[nodiscard]] std::string note(std::size_t part) const {
    const CallNote* found = note_of(message("a1"), part);
    return found ? std::string(name_of(found->status)) : "-";
  }
  MessageId a1{"a1"};
};

TEST(ADecision, CountsForTheCallThatWasSeen) {
  Seen story({erase});
  const Timestamp seen = story.now();
  story.end();
  EXPECT_EQ(story.decide(CallStatus::approved, seen), "") << "only the run's end came since";
}

TEST(ADecision, OfACallThatGrewSinceIsNone) {
  Seen story({{"c", "ask", "{\"path\":"}});
  const Timestamp seen = story.now();
  story.write(AppendContent{story.a1, 0, "\"/\"}"});
  story.end();
  EXPECT_EQ(story.decide(CallStatus::approved, seen), "changed");
  EXPECT_EQ(story.note(0), "needs_approval");
  EXPECT_EQ(story.decide(CallStatus::approved), "");
}

TEST(ADecision, OfACallThatItsWriterCutOrWroteAnewIsNone) {
  for (const std::vector<Units>& keep : {std::vector<Units>{7}, std::vector<Units>{}}) {
    Seen story({{"c", "ask", R"({"p":1}{"all":true})"}});
    const Timestamp seen = story.now();
    story.write(CutMessage{story.a1, keep});
    if (keep.empty()) story.write(StartPart{story.a1, {}, erase_all});
    story.end();
    EXPECT_EQ(story.decide(CallStatus::approved, seen), "changed");
    EXPECT_EQ(story.note(0), "needs_approval");
  }
}

TEST(ADecision, FromBeforeTheMessageIsNone) {
  Story story;
  story.start("r1", "u1", "tidy up");
  const Timestamp seen = story.now();
  const MessageId a1("a1");
  EXPECT_TRUE(story.steps(
      "r1", {OpenMessage{a1, {}, Role::assistant, {}}, StartPart{a1, {}, erase}, EndRun{}}));
  EXPECT_EQ(story.change(DecideCall{a1, "c", CallStatus::approved, {}, false}, seen).code,
            "changed");
}

TEST(ADecision, AfterTheDevicesOwnEditInTheSameRequestIsNone) {
  Seen story({erase});
  story.end();
  PutMessage put;
  put.id = story.a1;
  put.parts = {erase_all};
  ChangeRequest request;
  request.user = UserId("ann");
  request.cursor = Cursor{story.now(), Story::epoch};
  request.changes.resize(2);
  request.changes[0].what = std::move(put);
  request.changes[1].what = DecideCall{story.a1, "c", CallStatus::approved, {}, false};

  const std::vector<Outcome> outcomes = story.say(std::move(request));

  EXPECT_TRUE(outcomes[0].applied);
  EXPECT_EQ(outcomes[1].code, "changed");
}

TEST(ADecision, OfOneOfTwoCallsOfOneIdNeedsThePresentState) {
  Seen story({erase, erase_all});
  story.end();
  const Timestamp seen = story.now();
  EXPECT_EQ(story.decide(CallStatus::denied, seen), "");
  EXPECT_EQ(story.decide(CallStatus::approved, seen), "changed") << "it was about the first one";
  EXPECT_EQ(story.note(1), "needs_approval");
  EXPECT_EQ(story.decide(CallStatus::approved), "");
}

TEST(AnAnswer, OfOneOfTwoCallsOfOneIdNeedsThePresentState) {
  Seen story({{"c", "look", "{\"city\":\"Rome\"}"}, {"c", "look", "{\"city\":\"Oslo\"}"}});
  story.end();
  const Timestamp seen = story.now();
  EXPECT_EQ(story.answer("t1", seen), "");
  EXPECT_EQ(story.answer("t2", seen), "changed");
  EXPECT_EQ(story.answer("t2"), "");
}

// Which one is the first open one may change by what goes, too.
TEST(AnAnswer, OfTheSecondOfTwoCallsOfOneIdIsNotForTheFirstThatIsOpenAgain) {
  Seen story({{"c", "look", "{\"city\":\"Rome\"}"}, {"c", "look", "{\"city\":\"Oslo\"}"}});
  story.end();
  EXPECT_EQ(story.answer("t1"), "");
  const Timestamp seen = story.now();
  EXPECT_TRUE(story.change(DeleteMessage{MessageId("t1"), false}).applied);
  EXPECT_EQ(story.answer("t2", seen), "changed") << "it was about Oslo";
}

TEST(AResultThatSaysItIsMade, OfAWriterIsNoWayRoundAPerson) {
  Seen story({erase});
  const auto refused =
      story.steps("r1", {StartPart{story.a1, {}, ToolResultPart{"c", "I ran it", true}}});
  EXPECT_EQ(refused.error().code, "needs_approval");
  const MessageId t1("t1");
  const auto elsewhere = story.steps(
      "r1", {EndMessage{story.a1, MessageStatus::complete, {}}, OpenMessage{t1, {}, Role::tool, {}},
             StartPart{t1, {}, ToolResultPart{"c", "I ran it", true}}});
  EXPECT_EQ(elsewhere.error().code, "needs_approval");
}

TEST(AResultThatSaysItIsMade, OfAFrontIsNoWayRoundAPerson) {
  Seen story({erase});
  story.end();
  const ToolResultPart made{"c", "I ran it", true};
  EXPECT_EQ(story.put_again({erase, made}).code, "needs_approval");
  EXPECT_EQ(story.decide(CallStatus::denied), "");
  const Parts denied = story.message("a1").parts;
  EXPECT_TRUE(story.put_again(denied).applied) << "what the server made may be put again";
}

// --- The writer's own results --------------------------------------------------------------------

const ToolCallPart looks_at_p{"c", "look", "{\"p\":1}"};
const ToolResultPart result{"c", "of the writer"};

TEST(AWritersResult, ComesTooLateBehindAPersons) {
  Seen story({looks_at_p});
  EXPECT_EQ(story.answer("t1"), "");
  const auto beside = story.steps("r1", {StartPart{story.a1, {}, result}});
  EXPECT_EQ(beside.error().code, "answered");
  const MessageId a2("a2");
  const auto below =
      story.steps("r1", {EndMessage{story.a1, MessageStatus::complete, {}},
                         OpenMessage{a2, {}, Role::tool, {}}, StartPart{a2, {}, result}});
  EXPECT_EQ(below.error().code, "answered");
}

TEST(AWritersResult, IsOfAnotherCallThanAPersons) {
  Seen story({looks_at_p});
  EXPECT_EQ(story.answer("t1"), "");
  const MessageId a2("a2");
  story.write(EndMessage{story.a1, MessageStatus::complete, {}});
  story.write(OpenMessage{a2, {}, Role::assistant, {}});
  story.write(StartPart{a2, {}, looks_at_p});
  EXPECT_TRUE(story.steps("r1", {StartPart{a2, {}, result}}));
}

TEST(AWritersResult, ThatNoCallTakesIsLeftOutOfRequests) {
  Seen story({looks_at_p});
  EXPECT_TRUE(story.steps("r1", {StartPart{story.a1, {}, result}}));
  EXPECT_TRUE(story.steps("r1", {StartPart{story.a1, {}, result}}));
  EXPECT_TRUE(story.steps("r1", {StartPart{story.a1, {}, ToolResultPart{"x", "of none"}}}));
}

TEST(AWritersResult, ThatReadsLikeOneOfTheServersIsNoWayRoundAPerson) {
  for (const std::string_view content : {stopped_result, interrupted_result, missing_result}) {
    Seen story({erase});
    const auto refused =
        story.steps("r1", {StartPart{story.a1, {}, ToolResultPart{"c", std::string(content)}}});
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, "needs_approval");
  }
}

// Models that give the same id again and again, over a long run.
TEST(AWritersResult, FarBelowItsCallWaitsForItsPersonToo) {
  Seen story({erase});
  story.write(EndMessage{story.a1, MessageStatus::complete, {}});
  MessageId last = story.a1;
  for (int turn = 0; turn < 400; ++turn) {
    last = MessageId("b" + std::to_string(turn));
    EXPECT_TRUE(story.steps(
        "r1", {OpenMessage{last, {}, Role::assistant, {}}, StartPart{last, {}, looks_at_p},
               StartPart{last, {}, ToolResultPart{"c", "of this turn"}}}));
    if (turn + 1 < 400) story.write(EndMessage{last, MessageStatus::complete, {}});
  }
  const auto refused = story.steps("r1", {StartPart{last, {}, ToolResultPart{"c", "I ran it"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "needs_approval");
}

TEST(AWritersResult, OfAnEarlierRunsCallWaitsForItsPersonToo) {
  Seen story({erase});
  story.end();
  story.start("r2", "u2", "meanwhile");
  const MessageId b1("b1");
  EXPECT_TRUE(story.steps("r2", {OpenMessage{b1, {}, Role::tool, {}}}));
  EXPECT_EQ(story.steps("r2", {StartPart{b1, {}, result}}).error().code, "needs_approval");
  EXPECT_EQ(story.decide(CallStatus::approved), "");
  EXPECT_TRUE(story.steps("r2", {StartPart{b1, {}, result}}));
}

TEST(ACopyOfACall, NeedsApprovalOfItsOwn) {
  Seen story({erase});
  story.end();
  EXPECT_EQ(story.decide(CallStatus::approved), "");
  EXPECT_TRUE(story.put_again({erase, erase}).applied);
  EXPECT_EQ(story.note(0), "approved");
  EXPECT_EQ(story.note(1), "needs_approval");
}

TEST(ACopyOfACall, OfAToolThatWasAlwaysApprovedNeedsApprovalOfItsOwn) {
  Seen story({});
  story.end();
  UpdateThread always;
  always.approved_tools = std::vector<std::string>{"ask"};
  EXPECT_TRUE(story.change(always).applied);
  EXPECT_TRUE(story.put_again({erase}).applied);
  always.approved_tools->clear();
  EXPECT_TRUE(story.change(always).applied);

  EXPECT_TRUE(story.put_again({erase, erase}).applied);

  EXPECT_EQ(story.note(0), "-") << "it was allowed when it came";
  EXPECT_EQ(story.note(1), "needs_approval");
}

// Its writer had asked for this one alone: no setting says it of the tool.
TEST(ACopyOfACall, ThatItsWriterGatedNeedsApprovalUnderAnotherIdOrName) {
  for (const ToolCallPart& copy :
       {ToolCallPart{"d", "look", "{}"}, ToolCallPart{"c", "see", "{}"}}) {
    Seen story({{"c", "look", "{\"p\":1}"}});
    story.write(NoteCall{story.a1, {0, CallStatus::needs_approval}});
    story.end();
    EXPECT_TRUE(story.put_again({copy}).applied);
    EXPECT_EQ(story.note(0), "needs_approval") << copy.id << ' ' << copy.name;
  }
}

TEST(AResult, OfACallThatTheSameRequestPutAgainIsOfThatOne) {
  Seen story({looks_at_p});
  story.end();
  PutMessage put;
  put.id = story.a1;
  put.parts = {ToolCallPart{"c", "look", "{\"p\":2}"}};
  StartRun start;
  start.run = RunId("r2");
  MessageInput input;
  input.id = MessageId("t1");
  input.role = Role::tool;
  input.parts = {ToolResultPart{"c", "of the new one"}};
  start.input = {input};
  ChangeRequest request;
  request.user = UserId("ann");
  request.cursor = Cursor{story.now(), Story::epoch};
  request.changes.resize(2);
  request.changes[0].what = std::move(put);
  request.changes[1].what = std::move(start);

  const std::vector<Outcome> outcomes = story.say(std::move(request));

  EXPECT_TRUE(outcomes[0].applied);
  ASSERT_TRUE(outcomes[1].applied) << outcomes[1].code;
  EXPECT_EQ(story.run("r2").status, RunStatus::running);
}

TEST(AResultThatWaited, IsNotOfACallThatWasPutAgainMeanwhile) {
  Seen story({looks_at_p});
  story.end();
  story.start("r2", "u2", "meanwhile");
  StartRun start;
  start.run = RunId("r3");
  start.place = after("a1");
  MessageInput input;
  input.id = MessageId("t1");
  input.role = Role::tool;
  input.parts = {ToolResultPart{"c", "of the old one"}};
  start.input = {input};
  EXPECT_TRUE(story.change(std::move(start)).applied);

  EXPECT_TRUE(story.put_again({ToolCallPart{"c", "look", "{\"p\":2}"}}).applied);

  EXPECT_EQ(story.run("r3").error->code, "changed");
}

}  // namespace
}  // namespace lockstep::test
