// SPDX-License-Identifier: Apache-2.0
// The input of a run: the path, and which of its messages got no answer (producer.h).
#include <gtest/gtest.h>

#include "engine/rules/call_results.h"
#include "engine/rules/producer.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// `u1 stopped`, a line a message without an answer.
std::string unanswered(const Story& story, const std::string& run) {
  const Context context = context_of(story.state(), story.run(run), "{}");
  std::string text;
  for (const Unanswered& each : context.unanswered) {
    if (!text.empty()) text += '\n';
    text += each.message.get() + (each.status == RunStatus::stopped ? " stopped" : " completed");
  }
  return text;
}

TEST(ContextOf, HasThePathOfTheRunAndItsSettings) {
  Story story;
  story.start("r1", "u1", "hello");

  const Context context = context_of(story.state(), story.run("r1"), "{\"a\":1}");

  ASSERT_EQ(context.path.size(), 1u);
  EXPECT_EQ(context.path[0], story.message("u1"));
  EXPECT_EQ(context.run, RunId("r1"));
  EXPECT_EQ(context.settings, "{\"a\":1}");
  EXPECT_TRUE(context.unanswered.empty());
}

TEST(ContextOf, NamesTheMessageWhoseAnswerWasStoppedBeforeItsFirstWord) {
  Story story;
  story.start("r1", "u1", "why?");
  story.stop("r1", story.now());
  story.start("r2", "u2", "so?");

  EXPECT_EQ(unanswered(story, "r2"), "u1 stopped");
}

TEST(ContextOf, NamesTheMessageToWhichTheModelSaidNothing) {
  Story story;
  story.start("r1", "u1", "why?");
  ASSERT_TRUE(story.steps("r1", {EndRun{}}));
  story.start("r2", "u2", "so?");

  EXPECT_EQ(unanswered(story, "r2"), "u1 completed");
}

TEST(ContextOf, NamesNoMessageWhoseRunFailed) {
  Story story;
  story.start("r1", "u1", "why?");
  ASSERT_TRUE(story.steps("r1", {EndRun{RunStatus::failed, RunError{"code", "detail"}, {}}}));
  story.start("r2", "u2", "so?");

  EXPECT_EQ(unanswered(story, "r2"), "");
}

TEST(ContextOf, NamesNoMessageThatWasAnsweredOrWaitsForItsAnswer) {
  Story story;
  story.start("r1", "u1", "why?");
  story.stop("r1", story.now());
  StartRun again;
  again.run = RunId("r2");
  again.place = below("u1");
  ASSERT_TRUE(story.change(again).applied);
  EXPECT_EQ(unanswered(story, "r2"), "") << "the message is the end of the path";

  ASSERT_TRUE(story.steps("r2", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                                 AppendContent{MessageId("a1"), 0, "so"}, EndRun{}}));
  story.start("r3", "u2", "well?");
  EXPECT_EQ(unanswered(story, "r3"), "");
}

// The user has deleted an answer: nothing was stopped.
TEST(ContextOf, NamesNoMessageWhoseAnswerWasDeleted) {
  Story story;
  story.start("r1", "u1", "why?");
  ASSERT_TRUE(story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                                 AppendContent{MessageId("a1"), 0, "so"}, EndRun{}}));
  ASSERT_TRUE(story.change(DeleteMessage{MessageId("a1")}).applied);
  story.start("r2", "u2", "well?");

  EXPECT_EQ(story.parent("u2"), "u1");
  EXPECT_EQ(unanswered(story, "r2"), "");
}

// --- Which result belongs to which call ----------------------------------------------------------

Message message(Role role, std::vector<Part> parts) {
  Message message;
  message.role = role;
  message.parts = std::move(parts);
  if (role == Role::assistant) message.run = RunId("r");
  return message;
}

// `message.part=message.part` for each call, `-` without a result, `made` behind a made one, and
// `over` with the made one that it replaces; then the strays.
std::string matched(const std::vector<Message>& path) {
  std::vector<const Message*> pointers;
  for (const Message& each : path) pointers.push_back(&each);
  const auto place = [](const PartPlace& at) {
    return std::to_string(at.message) + "." + std::to_string(at.part);
  };
  const CallResults results = match_results(pointers);
  std::string text;
  for (const CallResult& call : results.calls) {
    if (!text.empty()) text += ' ';
    text += place(call.call) + "=" + (call.result ? place(*call.result) : "-");
    if (call.made) text += "made";
    if (call.replaced) text += "over" + place(*call.replaced);
  }
  for (const PartPlace& stray : results.strays) text += " stray " + place(stray);
  return text;
}

const ToolCallPart a_call{"c1", "f", "{}"};
const ToolResultPart a_result{"c1", "it is 4"};

// The engine made it for the second call: the first one has a result.
TEST(MatchResults, AMadeResultBelongsToACallWithoutARealOne) {
  const Message asked =
      message(Role::assistant, {ToolCallPart{"c1", "look", "{}"}, ToolCallPart{"c1", "look", "{}"},
                                ToolResultPart{"c1", "no result", true}});
  const Message answer = message(Role::tool, {ToolResultPart{"c1", "found"}});
  const std::vector<const Message*> path{&asked, &answer};

  const CallResults matched = match_results(path);

  EXPECT_EQ(matched.calls[0].result, (PartPlace{1, 0}));
  EXPECT_EQ(matched.calls[1].result, (PartPlace{0, 2}));
  EXPECT_TRUE(matched.calls[1].made);
  EXPECT_TRUE(matched.strays.empty());
}

TEST(MatchResults, AResultBelongsToTheFirstOpenCallOfTheLastMessageThatHasOne) {
  EXPECT_EQ(matched({message(Role::assistant, {a_call, a_call, a_result}),
                     message(Role::tool, {a_result}), message(Role::tool, {a_result})}),
            "0.0=0.2 0.1=1.0 stray 2.0");
  EXPECT_EQ(matched({message(Role::assistant, {a_call}), message(Role::assistant, {a_call}),
                     message(Role::tool, {a_result}), message(Role::tool, {a_result})}),
            "0.0=3.0 1.0=2.0");
}

TEST(MatchResults, AResultBeforeItsCallIsAStray) {
  EXPECT_EQ(matched({message(Role::tool, {a_result}), message(Role::assistant, {a_call})}),
            "1.0=- stray 0.0");
}

TEST(MatchResults, ARealResultStandsInPlaceOfAMadeOneThatCameFirst) {
  const ToolResultPart made{"c1", "no result"};

  EXPECT_EQ(matched({message(Role::assistant, {a_call, made})}), "0.0=0.1made");
  EXPECT_EQ(matched({message(Role::assistant, {a_call, made}), message(Role::tool, {a_result})}),
            "0.0=1.0over0.1");
  EXPECT_EQ(matched({message(Role::assistant, {a_call, a_call, made, made}),
                     message(Role::tool, {a_result})}),
            "0.0=1.0over0.3 0.1=0.2made");
}

// The same words from a tool are what it said.
TEST(MatchResults, OnlyAResultInARunsAnswerIsAMadeOne) {
  EXPECT_EQ(matched({message(Role::assistant, {a_call}),
                     message(Role::tool, {ToolResultPart{"c1", "interrupted"}})}),
            "0.0=1.0");
}

TEST(MatchResults, CallsOfOthersThanAssistantsHaveNoResults) {
  EXPECT_EQ(matched({message(Role::user, {a_call, a_result})}), " stray 0.1");
}

// One id for all of the longest path's calls: the work is linear.
TEST(MatchResults, TakesManyCallsOfOneId) {
  std::vector<Message> path(2'000, message(Role::assistant, std::vector<Part>(100, a_call)));
  path.push_back(message(Role::tool, std::vector<Part>(1'000, a_result)));

  std::vector<const Message*> pointers;
  for (const Message& each : path) pointers.push_back(&each);
  const CallResults results = match_results(pointers);

  EXPECT_EQ(results.calls.size(), 200'000u);
  EXPECT_EQ(results.calls[199'999].result, (PartPlace{2'000, 99}));
  EXPECT_EQ(results.calls[199'000].result, (PartPlace{2'000, 900}));
}

}  // namespace
}  // namespace lockstep::test
