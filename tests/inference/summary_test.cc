// SPDX-License-Identifier: Apache-2.0
// Summaries (server/inference/summary.h): what a request begins with that is too long, and the run
// that makes one.
#include "server/inference/summary.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/inference/limited.h"

namespace lockstep {
namespace {

using Ids = std::vector<std::string>;

Message summary(int number, std::size_t bytes = 100) {
  return message(number, Role::assistant,
                 {DataPart{"summary", Json{R"({"from":"m1","to":"m2","messages":2})"}},
                  TextPart{"in short " + std::to_string(number) + words(bytes)}});
}

// Questions and answers by turns of 400 bytes; summaries where `summaries` says so.
std::vector<Message> talk(int messages, const std::vector<int>& summaries) {
  std::vector<Message> path;
  for (int number = 1; number <= messages; ++number) {
    if (std::ranges::find(summaries, number) != summaries.end()) {
      path.push_back(summary(number));
    } else {
      path.push_back(
          message(number, number % 2 == 1 ? Role::user : Role::assistant, {TextPart{words(400)}}));
    }
  }
  return path;
}

std::string content_at(const Sent& sent, std::size_t at) {
  const boost::json::value body = boost::json::parse(sent.body);
  return std::string(body.at("messages").as_array().at(at).at("content").as_string());
}

TEST(Summary, StandsForTheOlderTurnsOfARequestThatIsTooLong) {
  const Sent sent = compose(talk(9, {4}), limited(700, WhenTooLong::summarise));

  EXPECT_FALSE(sent.refusal);
  EXPECT_EQ(ids_of(sent, "summarised"), (Ids{"m1", "m2", "m3"}));
  EXPECT_TRUE(ids_of(sent, "dropped").empty());
  EXPECT_EQ(roles_of(sent), "uauau") << "it is joined to the question behind it";
  EXPECT_TRUE(
      content_at(sent, 0).starts_with("[Summary of the conversation so far]\n\nin short 4"));
}

TEST(Summary, IsAnAnswerLikeAnyOtherWhileTheRequestFits) {
  const Sent sent = compose(talk(5, {4}), limited(2000, WhenTooLong::summarise));

  EXPECT_TRUE(ids_of(sent, "summarised").empty());
  EXPECT_EQ(roles_of(sent), "uauau");
  EXPECT_TRUE(
      content_at(sent, 3).starts_with("[Summary of the conversation so far]\n\nin short 4"));
}

TEST(Summary, TheOldestFromWhichOnTheRestFitsIsTaken) {
  const auto path = talk(15, {4, 8, 12});
  EXPECT_EQ(ids_of(compose(path, limited(1400, WhenTooLong::summarise)), "summarised").size(), 3U);
  EXPECT_EQ(ids_of(compose(path, limited(1000, WhenTooLong::summarise)), "summarised").size(), 7U);
  EXPECT_EQ(ids_of(compose(path, limited(600, WhenTooLong::summarise)), "summarised").size(), 11U);
}

TEST(Summary, WithoutOneTheRequestIsRefusedAndTheErrorTellsHowToMakeOne) {
  const Sent none = compose(talk(9, {}), limited(700, WhenTooLong::summarise));
  ASSERT_TRUE(none.refusal);
  EXPECT_EQ(none.refusal->code, "context_too_long");
  EXPECT_TRUE(none.refusal->detail.contains("no summary above it")) << none.refusal->detail;
  const Sent little = compose(talk(9, {4}), limited(300, WhenTooLong::summarise));
  ASSERT_TRUE(little.refusal);
  EXPECT_TRUE(little.refusal->detail.contains("from the last summary on"));
}

TEST(Summary, ARunThatMakesOneAsksForItLastAndDropsWhatDoesNotFit) {
  RequestSettings settings = limited(700, WhenTooLong::summarise);
  settings.summarise = true;
  const Sent sent = compose(talk(10, {}), settings);

  EXPECT_FALSE(sent.refusal);
  EXPECT_EQ(ids_of(sent, "summary_asked"), (Ids{"m10"}));
  EXPECT_FALSE(ids_of(sent, "dropped").empty());
  EXPECT_TRUE(sent.body.contains("[Summarise the conversation above"));
  EXPECT_EQ(roles_of(sent).back(), 'u');
}

TEST(Summary, ARunThatMakesOneBeginsWithTheOneBefore) {
  RequestSettings settings = limited(800, WhenTooLong::summarise);
  settings.summarise = true;
  const Sent sent = compose(talk(10, {4}), settings);
  EXPECT_EQ(ids_of(sent, "summarised"), (Ids{"m1", "m2", "m3"}));
}

TEST(Summary, ThatWasCutOrSaysNothingOrIsOlderThanAChangeAboveItStandsForNothing) {
  Message cut = summary(4);
  cut.status = MessageStatus::stopped;
  EXPECT_FALSE(is_summary(cut));
  cut.status = MessageStatus::interrupted;
  EXPECT_FALSE(is_summary(cut));
  Message at_limit = summary(4);
  at_limit.finish.reason = "length";
  EXPECT_FALSE(is_summary(at_limit));
  Message silent = summary(4);
  silent.parts.edit().pop_back();
  EXPECT_FALSE(is_summary(silent));

  std::vector<Message> path = talk(9, {4});
  path[1].updated = Timestamp(50);  // edited behind the summary
  EXPECT_TRUE(compose(path, limited(700, WhenTooLong::summarise)).refusal);
}

TEST(Summary, ThatIsItselfTooLongIsNamedWithTheWayOut) {
  std::vector<Message> path = talk(9, {4});
  path[3] = summary(4, 4000);
  const Sent sent = compose(path, limited(700, WhenTooLong::summarise));
  ASSERT_TRUE(sent.refusal);
  EXPECT_EQ(sent.refusal->code, "context_too_long");
  EXPECT_TRUE(detail_of(sent).contains("the summary m4 has about 10")) << detail_of(sent);
  EXPECT_TRUE(detail_of(sent).contains("delete it and start a run with `summarise` again"));

  RequestSettings again = limited(700, WhenTooLong::summarise);
  again.summarise = true;
  const Sent out = compose(path, again);
  EXPECT_FALSE(out.refusal) << "the way out works without deleting: " << detail_of(out);
}

TEST(Summary, TurnsBehindTheLastOneThatAreTooLongNameANewSummaryAsTheWayOut) {
  const Sent sent = compose(talk(15, {4}), limited(700, WhenTooLong::summarise));
  ASSERT_TRUE(sent.refusal);
  EXPECT_TRUE(detail_of(sent).contains("from the last summary on")) << detail_of(sent);
  EXPECT_TRUE(detail_of(sent).contains("Start a run with `summarise` behind the last answer"));
}

TEST(Summary, OfAnAnswerThatIsTooLongNamesAPlaceFurtherUp) {
  std::vector<Message> path = talk(4, {});
  path[3] = message(4, Role::assistant, {TextPart{words(9000)}});
  RequestSettings settings = limited(700, WhenTooLong::summarise);
  settings.summarise = true;
  const Sent sent = compose(path, settings);
  ASSERT_TRUE(sent.refusal);
  EXPECT_TRUE(detail_of(sent).contains("start the run further up")) << detail_of(sent);
}

TEST(Summary, ThatWasCutIsNotContinuedAndTheErrorTellsWhatToDo) {
  for (const bool at_limit : {false, true}) {
    std::vector<Message> path = talk(3, {});
    path.push_back(summary(4));
    path.back().parent = MessageId("m3");
    if (at_limit) path.back().finish.reason = "length";
    if (!at_limit) path.back().status = MessageStatus::stopped;
    Context of = context(path, limited(5000, WhenTooLong::summarise));
    EXPECT_FALSE(sent_from_settings(of).refusal) << "a question behind it is one like any other";
    of.continues = MessageId("m4");
    const Sent sent = sent_from_settings(of);
    ASSERT_TRUE(sent.refusal);
    EXPECT_EQ(sent.refusal->code, "invalid");
    EXPECT_TRUE(detail_of(sent).contains("with `summarise` again behind message m3"));
    EXPECT_FALSE(sent.body.empty()) << "the context shows the request as it would have been";
  }
}

TEST(Summary, TellsOnlyOfWhatItsRequestHas) {
  const Context of = context(talk(4, {}), limited(100));
  const DataPart part = summary_part(of, {{.kind = "dropped", .count = 2, .ids = {"m1", "m2"}}});
  EXPECT_EQ(part.value.text, R"({"from":"m3","to":"m4","messages":2})");
}

TEST(Summary, WithACallIsNone) {
  Message odd = summary(4);
  odd.parts.edit().emplace_back(ToolCallPart{"c", "f", "{}"});
  EXPECT_TRUE(is_summary(summary(4)));
  EXPECT_FALSE(is_summary(odd));
  Message users = summary(4);
  users.role = Role::user;
  EXPECT_FALSE(is_summary(users));
}

TEST(Summary, IsAskedForByAParameterThatIsNotSent) {
  RequestSettings settings;
  settings.request = {{"tools", "[]"}, {"temperature", "1"}};
  const auto rest = take_summarise(Json{R"({"summarise":true,"seed":1})"}, settings);
  leave_actions_out(settings);
  EXPECT_TRUE(settings.summarise);
  EXPECT_EQ(rest, Json{R"({"seed":1})"});
  EXPECT_EQ(settings.request.size(), 1U);
  EXPECT_EQ(settings.request[0].key, "temperature");

  RequestSettings plain;
  EXPECT_EQ(take_summarise(Json{R"({"summarise":false})"}, plain), std::nullopt);
  EXPECT_FALSE(plain.summarise);
  EXPECT_EQ(take_summarise(Json{R"({"seed":1})"}, plain), Json{R"({"seed":1})"});
}

TEST(Summary, ItsAnswerBeginsWithThePartThatTellsWhatItStandsFor) {
  const Context of = context(talk(3, {}), limited(100));
  const DataPart part = summary_part(of, {});
  EXPECT_EQ(part.value.text, R"({"from":"m1","to":"m3","messages":3})");
  const MessageId id("a");
  const std::vector<Step> steps =
      SummarySteps(part).of({{0, OpenMessage{id, {}, Role::assistant, {}}},
                             {0, StartPart{id, 0, TextPart{"in "}}},
                             {0, AppendContent{id, 0, "short"}},
                             {0, NoteOpaque{id, {0, "o", Json{"1"}}}}});
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(steps[1].what, (decltype(Step::what)(StartPart{id, 0, part})));
  EXPECT_EQ(std::get<StartPart>(steps[2].what).part, 1U);
  EXPECT_EQ(std::get<AppendContent>(steps[3].what).part, 1U);
  EXPECT_EQ(std::get<NoteOpaque>(steps[4].what).data.part, 1U);
}

TEST(Summary, TheSettingsOfOtherRunsKeepTheirBytes) {
  RequestSettings settings = limited(100, WhenTooLong::summarise);
  EXPECT_FALSE(settings_bytes(settings).contains("\"summarise\":true"));
  settings.summarise = true;
  EXPECT_EQ(read_settings(settings_bytes(settings)), settings);
}

}  // namespace
}  // namespace lockstep
