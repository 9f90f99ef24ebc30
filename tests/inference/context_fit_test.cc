// SPDX-License-Identifier: Apache-2.0
#include "server/inference/context_fit.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/inference/limited.h"

namespace lockstep {
namespace {

// Questions and answers by turns, each of 400 bytes: 100 tokens, and some for its marks.
std::vector<Message> talk(int messages) {
  std::vector<Message> path;
  for (int number = 1; number <= messages; ++number) {
    path.push_back(
        message(number, number % 2 == 1 ? Role::user : Role::assistant, {TextPart{words(400)}}));
  }
  return path;
}

using Ids = std::vector<std::string>;

TEST(ContextFit, ChangesNothingWithoutALimitOrBelowIt) {
  RequestSettings none = limited(1);
  none.context_tokens.reset();

  const Sent whole = compose(talk(5), none);
  const Sent fitting = compose(talk(5), limited(1000));

  EXPECT_EQ(fitting.body, whole.body);
  EXPECT_EQ(fitting.repairs, whole.repairs);
  EXPECT_FALSE(whole.refusal || fitting.refusal);
}

TEST(ContextFit, RefusesALongerRequestWithBothNumbers) {
  const Sent sent = compose(talk(5), limited(400, WhenTooLong::refuse));

  ASSERT_TRUE(sent.refusal);
  EXPECT_EQ(sent.refusal->code, "context_too_long");
  EXPECT_EQ(sent.refusal->detail,
            "The request has about 525 tokens, and 390 fit: the agent's `context_tokens` is 400, "
            "and 10 are kept free for the answer. Shorten the last message or the tools, branch "
            "above, begin a new "
            "thread, or use an agent with a longer context.");
  EXPECT_EQ(roles_of(sent), "uauau") << "the body is the one that would have been too long";
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ContextFit, LeavesTheOldestTurnsOutAndNamesThem) {
  const Sent sent = compose(talk(7), limited(400));

  EXPECT_FALSE(sent.refusal);
  EXPECT_EQ(roles_of(sent), "uau");
  EXPECT_EQ(ids_of(sent, "dropped"), (Ids{"m1", "m2", "m3", "m4"}));
}

TEST(ContextFit, NeverLeavesOutTheSystemsMessages) {
  RequestSettings settings = limited(500);
  settings.system = words(100);
  std::vector<Message> path = talk(7);
  path.insert(path.begin() + 2, message(20, Role::system, {TextPart{"Be kind."}}));

  const Sent sent = compose(path, settings);

  EXPECT_EQ(roles_of(sent), "suau");
  EXPECT_TRUE(sent.body.contains("Be kind."));
  EXPECT_EQ(ids_of(sent, "dropped"), (Ids{"m1", "m2", "m3", "m4"}));
}

TEST(ContextFit, RefusesIfTheLastUsersTurnAloneIsTooLong) {
  std::vector<Message> path = talk(3);
  path.push_back(message(4, Role::user, {TextPart{words(2000)}}));

  const Sent sent = compose(path, limited(400));

  EXPECT_EQ(detail_of(sent).substr(0, 77),
            "Even without all older turns, the request has about 613 tokens, and 366 fit: ");
  EXPECT_EQ(ids_of(sent, "dropped"), (Ids{"m1", "m2"}))
      << "two messages of the user in a row are one turn";
}

TEST(ContextFit, LeavesACallOutWithItsResultWhereverThatIs) {
  std::vector<Message> path = {
      message(1, Role::user, {TextPart{words(1000)}}),
      message(2, Role::assistant, {ToolCallPart{"c1", "f", "{}"}, ToolCallPart{"c2", "f", "{}"}}),
      message(3, Role::tool, {ToolResultPart{"c1", "one"}}),
      message(4, Role::user, {TextPart{"next"}}),
      message(5, Role::assistant, {ToolCallPart{"c2", "f", "{}"}}),
      message(6, Role::tool, {ToolResultPart{"c2", "of the second"}}),
      message(7, Role::tool, {ToolResultPart{"c2", "late, of the first"}}),
      message(8, Role::user, {TextPart{"last"}})};

  const Sent sent = compose(path, limited(200));

  EXPECT_EQ(roles_of(sent), "uatu");
  EXPECT_TRUE(sent.body.contains("of the second"));
  EXPECT_FALSE(sent.body.contains("late"));
  EXPECT_EQ(ids_of(sent, "dropped"), (Ids{"m1", "m2", "m3"}));
  EXPECT_EQ(ids_of(sent, "result_left_out"), Ids{"c2"});
}

TEST(ContextFit, NamesNoOtherRepairOfWhatIsLeftOut) {
  std::vector<Message> path = talk(7);
  path[1].parts = {TextPart{words(400)}, ReasoningPart{"hm"}};
  path[3].parts = {ToolCallPart{"c1", "f", "no JSON"}};

  const Sent sent = compose(path, limited(400));

  ASSERT_EQ(sent.repairs.size(), 1u);
  EXPECT_EQ(sent.repairs[0].kind, "dropped");
}

TEST(ContextFit, CountsToolsAndAFixedPriceForAnImage) {
  RequestSettings tools = limited(1000, WhenTooLong::refuse);
  tools.request.push_back({"tools", "\"" + words(4000) + "\""});
  FilePart image;
  image.uri = "data:image/png;base64," + std::string(400'000, 'A');
  image.media_type = "image/png";
  const std::vector<Message> path = {message(1, Role::user, {image})};

  EXPECT_TRUE(compose(talk(1), tools).refusal);
  EXPECT_TRUE(compose(path, limited(1600, WhenTooLong::refuse)).refusal);
  EXPECT_FALSE(compose(path, limited(1700, WhenTooLong::refuse)).refusal);
}

TEST(ContextFit, CountsReasoningOnlyIfItGoesBack) {
  std::vector<Message> path = talk(3);
  path[1].parts = {ReasoningPart{words(4000)}, TextPart{words(400)}};
  RequestSettings settings = limited(1000, WhenTooLong::refuse);

  EXPECT_FALSE(compose(path, settings).refusal);
  settings.reasoning = ReasoningBack::always;
  EXPECT_TRUE(compose(path, settings).refusal);
}

TEST(ContextFit, KeepsRoomForTheAnswer) {
  RequestSettings settings = limited(800);
  EXPECT_EQ(answer_tokens(settings), 10u);
  settings.request.push_back({"max_completion_tokens", "20"});
  EXPECT_EQ(answer_tokens(settings), 20u);
  settings.request = {{"max_tokens", "null"}};
  EXPECT_EQ(answer_tokens(settings), 100u);
}

TEST(ContextFit, RefusesWithoutRoomForAnyRequest) {
  EXPECT_TRUE(compose(talk(1), limited(5)).refusal);
}

// --- Usage ---------------------------------------------------------------------------------------

TEST(ContextFit, ReadsUsageInEverySpelling) {
  const auto tokens = [](const char* usage) { return request_tokens(Json{usage}); };

  EXPECT_EQ(tokens(R"({"prompt_tokens":7,"completion_tokens":5,"total_tokens":12})"), 7u);
  EXPECT_EQ(tokens(R"({"input_tokens":7,"output_tokens":5})"), 7u);
  EXPECT_EQ(tokens(R"({"input_tokens":7,"cache_read_input_tokens":10,)"
                   R"("cache_creation_input_tokens":100})"),
            117u);
  EXPECT_EQ(tokens(R"({"prompt_tokens":99999999999999999})"), 100'000'000u);
  for (const char* nothing :
       {"{}", "7", "", R"({"prompt_tokens":0})", R"({"prompt_tokens":-7})",
        R"({"prompt_tokens":7.5})", R"({"prompt_tokens":"7"})", R"({"completion_tokens":7})"}) {
    EXPECT_FALSE(tokens(nothing)) << nothing;
  }
}

TEST(ContextFit, KnowsTheLengthFromTheLastUsage) {
  std::vector<Message> path = talk(5);  // some 525 tokens by its bytes
  path[3].usage = usage(150);           // of the first three

  EXPECT_EQ(compose(path, limited(400, WhenTooLong::refuse)).refusal, std::nullopt);
  path[3].usage = usage(700);
  EXPECT_EQ(detail_of(compose(path, limited(800, WhenTooLong::refuse))).substr(0, 34),
            "The request has about 908 tokens, ");
}

TEST(ContextFit, DoesNotTrustAUsageFromBeforeAnEdit) {
  std::vector<Message> path = talk(5);
  path[3].usage = usage(150);
  path[0].updated = Timestamp(10);

  EXPECT_TRUE(compose(path, limited(400, WhenTooLong::refuse)).refusal);
}

TEST(ContextFit, IsNotMisledByTheUsageOfARequestThatWasShortened) {
  std::vector<Message> path = talk(41);
  for (std::size_t at = 5; at < path.size(); at += 2) path[at].usage = usage(300);

  const Sent sent = compose(path, limited(400));

  EXPECT_EQ(roles_of(sent), "uau");
}

TEST(ContextFit, MeasuresDenseTextByTheHighestUsage) {
  std::vector<Message> path = talk(21);
  path[5].usage = usage(1000);   // of some 520 by the bytes: half as many bytes a token
  path[19].usage = usage(1000);  // of a shortened one

  // 2,000 tokens are 1,000 by the bytes: nine messages.
  const Sent sent = compose(path, limited(2150));

  EXPECT_EQ(roles_of(sent), "uauauauau");
}

}  // namespace
}  // namespace lockstep
