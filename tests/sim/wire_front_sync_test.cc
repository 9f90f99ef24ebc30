// SPDX-License-Identifier: Apache-2.0
// A device's handling of its cursor, its changes and its connections.
#include <gtest/gtest.h>

#include "tests/sim/wire_front.h"
#include "tests/sim/wire_front_given.h"
#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {
namespace {

using boost::json::object;
using boost::json::parse;

// --- Entries and diffs

TEST(WireFrontSync, IgnoresAnEntryThatItHolds) {
  WireFront front = front_at_20();
  (void)front.take(entry_21);
  const std::string before = front.state_json();

  const auto again = front.take(entry_21);

  EXPECT_EQ(again.wrong, "");
  EXPECT_FALSE(again.sync_anew);
  EXPECT_EQ(front.state_json(), before);
}

TEST(WireFrontSync, SyncsAgainAtAGapBetweenEntries) {
  WireFront front = front_at_20();
  const std::string before = front.state_json();

  const auto taken = front.take(R"({"frame":"entry","ts":23,"prev":22,"events":[]})");

  EXPECT_TRUE(taken.sync_anew);
  EXPECT_EQ(front.cursor(), "20@e1");
  EXPECT_EQ(front.state_json(), before);
}

TEST(WireFrontSync, SyncsAgainAtADiffFromLaterThanItsState) {
  WireFront front = front_at_20();

  const auto taken = front.take(diff("30@e1", "25", ""));

  EXPECT_TRUE(taken.sync_anew);
  EXPECT_EQ(front.cursor(), "20@e1");
}

TEST(WireFrontSync, IgnoresADiffToEarlierThanItsCopy) {
  WireFront front = front_at_20();
  (void)front.take(entry_21);

  const auto taken = front.take(diff("20@e1", "10", ""));

  EXPECT_FALSE(taken.sync_anew);
  EXPECT_EQ(front.cursor(), "21@e1");
}

TEST(WireFrontSync, TakesTheEpochOfADiff) {
  WireFront front = front_at_20();

  (void)front.take(diff("20@e2", "20", ""));
  (void)front.take(entry_21);

  EXPECT_EQ(front.cursor(), "21@e2");
}

TEST(WireFrontSync, GrowsAndCutsAMessageByUnits) {
  WireFront front = front_at_20();

  const auto grown = front.take(
      diff("21@e1", "20",
           R"("messages":[{"id":"u2","status":"open","updated":21,"usage":{"n":1},"parts":2,
          "grow":[{"part":0,"at":3,"text":"é😁"},
          {"part":1,"value":{"type":"reasoning","text":"so"}}]}],
          "removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(grown.wrong, "");
  EXPECT_EQ(canonical(front.messages().back().at("parts")),
            R"([{"text":"a😀é😁","type":"text"},{"text":"so","type":"reasoning"}])");
  EXPECT_EQ(canonical(front.messages().back().at("usage")), R"({"n":1})");

  const auto cut = front.take(diff("22@e1", "21",
                                   R"("messages":[{"id":"u2","status":"stopped","updated":22,
          "parts":1,"grow":[{"part":0,"at":4,"text":""}]}],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(cut.wrong, "");
  EXPECT_EQ(canonical(front.messages().back().at("parts")), R"([{"text":"a😀é","type":"text"}])");
}

TEST(WireFrontSync, SaysThatAGrowthBeginsInsideACodePoint) {
  WireFront front = front_at_20();

  const auto taken = front.take(diff("21@e1", "20",
                                     R"("messages":[{"id":"u2","status":"open","updated":21,
          "parts":1,"grow":[{"part":0,"at":2,"text":"x"}]}],
          "removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(taken.wrong, "offset 2 is inside a code point");
}

TEST(WireFrontSync, AppliesTheFramesOfADiffTogether) {
  WireFront front = front_at_20();
  const std::string before = front.state_json();

  const auto first =
      front.take(diff("22@e1", "20",
                      R"("more":true,"messages":[)" + message_json("u3", R"("u2")", "21") +
                          R"(],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(first.wrong, "");
  EXPECT_EQ(front.state_json(), before);

  const auto last = front.take(diff("22@e1", "20",
                                    R"("thread":)" + thread_json(R"("u4")", "22") +
                                        R"(,"messages":[)" + message_json("u4", R"("u3")", "22") +
                                        R"(],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(last.wrong, "");
  EXPECT_EQ(front.messages().size(), 4U);
  EXPECT_EQ(front.cursor(), "22@e1");
}

TEST(WireFrontSync, ForgetsHalfADiffWhenTheConnectionIsLost) {
  WireFront front = front_at_20();
  (void)front.take(diff("22@e1", "20",
                        R"("more":true,"messages":[)" + message_json("u3", R"("u2")", "21") +
                            R"(],"removed":[],"runs":[],"outcomes":[])"));

  front.connection_lost();
  const auto taken = front.take(entry_21);

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.messages().size(), 2U);
  EXPECT_EQ(front.cursor(), "21@e1");
}

TEST(WireFrontSync, RemovesTheRowsThatADiffRemoves) {
  WireFront front = front_at_20();

  const auto taken =
      front.take(diff("21@e1", "20",
                      R"("thread":)" + thread_json(R"("u1")", "21") +
                          R"(,"messages":[],"removed":["u2","never"],"runs":[],"outcomes":[])"));

  EXPECT_EQ(taken.wrong, "");
  ASSERT_EQ(front.messages().size(), 1U);
  EXPECT_EQ(front.messages().front().at("id"), "u1");
}

TEST(WireFrontSync, SyncsAgainWhenAnEndIsLaterThanItsState) {
  WireFront front = front_at_20();

  const auto taken = front.take(R"({"frame":"end","cursor":"25@e1","reason":"done"})");

  EXPECT_TRUE(taken.ended);
  EXPECT_TRUE(taken.sync_anew);
  EXPECT_EQ(taken.reason, "done");
}

// --- Changes

TEST(WireFrontSync, NumbersItsChangesAndSendsTheSeenCursor) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.take(entry_21);
  (void)front.change({{"type", "delete_message"}, {"message", "u2"}});

  const object body = parse(front.request({.follow = Follow::run, .digest = true})).as_object();

  EXPECT_EQ(canonical(body.at("changes")),
            R"([{"head":"u1","op":1,"seen":"20@e1","type":"move_head"},)"
            R"({"message":"u2","op":2,"seen":"21@e1","type":"delete_message"}])");
  EXPECT_EQ(body.at("cursor"), "21@e1");
  EXPECT_EQ(body.at("device"), "phone");
  EXPECT_EQ(body.at("follow"), "run");
  EXPECT_EQ(body.at("digest"), boost::json::string(front.digest()));
}

TEST(WireFrontSync, SendsNoMoreChangesWhileSomeAreInFlight) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});
  (void)front.change(move_head());

  EXPECT_FALSE(front.may_send_changes());
  EXPECT_FALSE(parse(front.request({.follow = Follow::live})).as_object().contains("changes"));
}

TEST(WireFrontSync, SendsTheFirstSixtyFourChanges) {
  WireFront front = front_at_20();
  for (int n = 0; n < 70; ++n) (void)front.change(move_head());

  const object body = parse(front.request({})).as_object();

  EXPECT_EQ(body.at("changes").as_array().size(), 64U);
  EXPECT_EQ(front.unanswered(), 70U);
}

TEST(WireFrontSync, TakesTheOutcomesOutOfTheQueue) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});

  const auto taken = front.take(
      diff("20@e1", "20",
           R"("messages":[],"removed":[],"runs":[],"outcomes":[{"op":1,"type":"move_head",
         "outcome":"refused","code":"unknown_message"}])"));

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.unanswered(), 0U);
  EXPECT_TRUE(front.may_send_changes());
  const std::vector<object> outcomes = front.take_outcomes();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].at("code"), "unknown_message");
  EXPECT_TRUE(front.take_outcomes().empty());
}

TEST(WireFrontSync, SendsTheSameWordsAgainAfterALostConnection) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  const object first = parse(front.request({})).as_object();

  front.connection_lost();
  (void)front.take(entry_21);
  (void)front.change(move_head());
  const object second = parse(front.request({})).as_object();

  EXPECT_EQ(second.at("cursor"), "21@e1");
  EXPECT_EQ(second.at("changes").as_array().size(), 2U);
  EXPECT_EQ(second.at("changes").at(0), first.at("changes").at(0));
}

TEST(WireFrontSync, TakesAnAckInAnEntryForTheOutcome) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});
  front.connection_lost();

  const auto taken = front.take(R"({"frame":"entry","ts":21,"prev":20,"events":[],"acks":[
      {"user":"ann","device":"tablet","op":7,"outcome":"applied"},
      {"user":"ann","device":"phone","op":1,"outcome":"refused","code":"unknown_message"}]})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.unanswered(), 0U);
  EXPECT_EQ(canonical(front.take_outcomes().at(0)),
            R"({"code":"unknown_message","op":1,"outcome":"refused","ts":21,"type":"move_head"})");
}

// Its one change was applied.
WireFront answered_at_21() {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});
  (void)front.take(R"({"frame":"entry","ts":21,"prev":20,"events":[],"acks":[
      {"user":"ann","device":"phone","op":1,"outcome":"applied"}]})");
  return front;
}

TEST(WireFrontSync, CountsAnAnswerOnlyOnce) {
  WireFront front = answered_at_21();

  const auto taken = front.take(
      diff("21@e1", "20",
           R"("messages":[],"removed":[],"runs":[],"outcomes":[{"op":1,"type":"move_head",
         "outcome":"applied","duplicate":true,"ts":21}])"));

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.take_outcomes().size(), 1U);
}

TEST(WireFrontSync, SaysThatAnAnswerWasAnotherTheFirstTime) {
  WireFront front = answered_at_21();

  const auto taken = front.take(
      diff("21@e1", "20",
           R"("messages":[],"removed":[],"runs":[],"outcomes":[{"op":1,"type":"move_head",
         "outcome":"refused","code":"busy"}])"));

  EXPECT_EQ(taken.wrong, "op 1 is answered again, with another `outcome`");
}

TEST(WireFrontSync, SaysThatAnOutcomeIsMissing) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});

  EXPECT_EQ(front.take(diff("20@e1", "20", "")).wrong, "op 1 has no outcome");
}

TEST(WireFrontSync, ExpectsNoOutcomesOnAnotherStream) {
  WireFront front = front_at_20();
  (void)front.request({.follow = Follow::live});
  const std::uint64_t live = front.stream();
  (void)front.change(move_head());
  (void)front.request({});

  EXPECT_EQ(front.take(diff("20@e1", "20", ""), live).wrong, "");
  EXPECT_FALSE(front.may_send_changes());
}

}  // namespace
}  // namespace lockstep::sim
