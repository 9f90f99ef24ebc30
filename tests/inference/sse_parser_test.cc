// SPDX-License-Identifier: Apache-2.0
#include "server/inference/sse_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lockstep {
namespace {

constexpr std::size_t plenty = 1000;

std::vector<ServerSentEvent> parse(std::string_view bytes) {
  SseParser parser(plenty);
  return parser.feed(bytes);
}

TEST(SseParser, GivesAnEventWhenItsEmptyLineHasCome) {
  SseParser parser(plenty);

  EXPECT_TRUE(parser.feed("data: one\n").empty());
  const auto events = parser.feed("\n");

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0], (ServerSentEvent{"message", "", "one"}));
}

TEST(SseParser, TakesEveryLineEnd) {
  const auto events = parse("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n");

  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].data + events[1].data + events[2].data + events[3].data, "abcd");
}

TEST(SseParser, ALineEndCutBetweenItsTwoBytesIsOneLineEnd) {
  SseParser parser(plenty);

  auto events = parser.feed("data: a\r");
  EXPECT_TRUE(events.empty());
  events = parser.feed("\ndata: b\r");
  EXPECT_TRUE(events.empty());
  events = parser.feed("\n\r\n");

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, "a\nb");
}

TEST(SseParser, JoinsTheDataLinesOfAnEvent) {
  const auto events = parse("data: a\ndata:b\ndata\ndata:  c\n\n");

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, "a\nb\n\n c");
}

TEST(SseParser, SkipsAndCountsComments) {
  SseParser parser(plenty);

  const auto events = parser.feed(": PROCESSING\n\n:\n\ndata: a\n: inside\n\n");

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, "a");
  EXPECT_EQ(parser.comments(), 3u);
}

TEST(SseParser, KeepsTypeForOneEventAndIdForAllThatFollow) {
  const auto events = parse("event: x\nid: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n");

  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0], (ServerSentEvent{"x", "7", "a"}));
  EXPECT_EQ(events[1], (ServerSentEvent{"message", "7", "b"}));
  EXPECT_EQ(events[2], (ServerSentEvent{"message", "", "c"}));
}

TEST(SseParser, AnEventWithoutDataIsNone) {
  EXPECT_TRUE(parse("event: x\nid: 1\n\nretry: 10\n\nunknown: y\n\n").empty());
}

TEST(SseParser, AnErrorLineIsAnEventByItself) {
  const auto events = parse("data: a\nerror: {\"code\":400}\n\nerror: went away\n");

  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0], (ServerSentEvent{"error", "", "{\"code\":400}"}));
  EXPECT_EQ(events[1], (ServerSentEvent{"message", "", "a"}));
  EXPECT_EQ(events[2], (ServerSentEvent{"error", "", "went away"}));
}

TEST(SseParser, ALineOfJsonWithoutAFieldIsAnEventByItself) {
  SseParser parser(plenty);

  const auto events = parser.feed("data: a\n\n{\"error\":\"x\"}\ndata: b");
  const auto last = parser.finish();

  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1], (ServerSentEvent{"line", "", "{\"error\":\"x\"}"}));
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].data, "b");
}

TEST(SseParser, HandsOnAnOpenEventAndTheLineBehindItAtTheEnd) {
  SseParser parser(plenty);
  EXPECT_TRUE(parser.feed("data: a\n{\"error\":1}").empty());

  const auto last = parser.finish();

  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[0].type, "line");
  EXPECT_EQ(last[1].data, "a");
}

TEST(SseParser, SkipsAByteOrderMarkAtTheBeginningOnly) {
  const auto events = parse(
      "\xEF\xBB\xBF"
      "data: a\n\n"
      "\xEF\xBB\xBF"
      "data: b\n\n");

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, "a");
}

TEST(SseParser, HandsOnAnEventWithoutTheLastLineEnd) {
  SseParser parser(plenty);
  EXPECT_TRUE(parser.feed("data: [DONE]").empty());

  const auto last = parser.finish();

  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].data, "[DONE]");
  EXPECT_TRUE(parser.finish().empty());
}

TEST(SseParser, AnEventAboveItsBoundIsANamedErrorForGood) {
  SseParser parser(10);

  const auto events = parser.feed("data: ok\n\ndata: much too long\n\ndata: ok\n\n");

  EXPECT_EQ(events.size(), 1u);
  ASSERT_TRUE(parser.error());
  EXPECT_EQ(parser.error()->code, "event_too_large");
  EXPECT_TRUE(parser.feed("data: ok\n\n").empty());
  EXPECT_TRUE(parser.finish().empty());
}

TEST(SseParser, ManyShortDataLinesCrossTheBoundToo) {
  SseParser parser(20);

  for (int i = 0; i < 10; ++i) (void)parser.feed("data: abc\n");

  ASSERT_TRUE(parser.error());
  EXPECT_EQ(parser.error()->code, "event_too_large");
}

TEST(SseParser, ALineThatNeverEndsIsBounded) {
  SseParser parser(20);

  for (int i = 0; i < 10; ++i) (void)parser.feed("data: ");

  EXPECT_TRUE(parser.error());
}

TEST(SseParser, TheResultDoesNotDependOnHowTheBytesAreCut) {
  const std::string bytes =
      "\xEF\xBB\xBF: hi\r\n\r\nevent: x\rdata: \xF0\x9F\x8E\xB5\r\ndata: b\n\nid: "
      "1\r\rdata:c\r\n\r\n"
      "data: a line that is too long for the bound, by far\n\ndata: never\n\n";
  SseParser whole(40);
  const auto expected = whole.feed(bytes);
  ASSERT_EQ(expected.size(), 2u);
  ASSERT_TRUE(whole.error());
  std::mt19937 random(1);

  for (int round = 0; round < 500; ++round) {
    SseParser parser(40);
    std::vector<ServerSentEvent> events;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = round == 0 ? 1 : 1 + random() % 9;
      for (auto& event : parser.feed(bytes.substr(at, size))) events.push_back(std::move(event));
      at += size;
    }

    EXPECT_EQ(events, expected);
    EXPECT_EQ(parser.error(), whole.error());
  }
}

}  // namespace
}  // namespace lockstep
