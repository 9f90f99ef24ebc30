// SPDX-License-Identifier: Apache-2.0
// A device's behaviour when the server has another history, or refuses.
#include <gtest/gtest.h>

#include "tests/sim/wire_front.h"
#include "tests/sim/wire_front_given.h"
#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {
namespace {

using boost::json::object;
using boost::json::parse;

TEST(WireFrontHistory, ReplacesAllOnAResetAndSendsItsChangesAgain) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  const object first = parse(front.request({})).as_object();

  const auto taken =
      front.take(diff("30@e1", "0",
                      R"("reset":{"reason":"digest"},"thread":)" + thread_json(R"("u9")", "30") +
                          R"(,"messages":[)" + message_json("u9", "null", "30") +
                          R"(],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.messages().size(), 1U);
  EXPECT_EQ(front.cursor(), "30@e1");
  EXPECT_EQ(parse(front.request({})).at("changes"), first.at("changes"));
  EXPECT_EQ(front.offer(), 0U);
}

TEST(WireFrontHistory, OffersMessagesThatARewoundServerNoLongerHas) {
  WireFront front = front_at_20();

  const auto taken = front.take(diff("15@e2", "0",
                                     R"("reset":{"reason":"rewound","kept_until":15},"thread":)" +
                                         thread_json(R"("u1")", "10") + R"(,"messages":[)" +
                                         message_json("u1", "null", "10") +
                                         R"(],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.offer(), 1U);
  EXPECT_EQ(canonical(parse(front.request({})).at("changes")),
            R"([{"if_absent":true,"message":{"id":"u2","parts":[{"text":"a😀b","type":"text"}],)"
            R"("role":"user"},"op":1,"parent":"u1","seen":"15@e2","type":"put_message"}])");
  EXPECT_EQ(front.offer(), 0U);
}

TEST(WireFrontHistory, OffersOnlyMessagesLaterThanTheKeptOnes) {
  WireFront front = front_at_20();

  // u1 lies before the cut: that it is not there any more is the server's own history.
  (void)front.take(diff("30@e2", "0",
                        R"("reset":{"reason":"rewound","kept_until":15},"thread":)" +
                            thread_json("null", "30") +
                            R"(,"messages":[],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(front.offer(), 1U);
  const object body = parse(front.request({})).as_object();
  EXPECT_EQ(body.at("changes").at(0).at("message").at("id"), "u2");
  EXPECT_EQ(body.at("changes").at(0).at("parent"), "u1");
}

TEST(WireFrontHistory, OffersNothingOfAMessageThatWasNeverShown) {
  WireFront front = front_at_20();
  (void)front.take(R"({"frame":"entry","ts":21,"prev":20,"events":[
      {"type":"message_put","message":{"id":"u1","parent":null,"role":"user","parts":[],
       "status":"complete","created":10,"updated":21}}]})");
  (void)front.refused(R"({"status":409,"code":"unknown_history","title":"x","detail":"y"})");

  EXPECT_EQ(front.offer(), 1U);

  const object body = parse(front.request({})).as_object();
  EXPECT_EQ(body.at("changes").at(0).at("message").at("id"), "u2");
  EXPECT_TRUE(body.at("changes").at(0).at("parent").is_null()) << "what lay below it moves up";
  EXPECT_FALSE(body.at("changes").at(0).as_object().contains("seen"));
}

TEST(WireFrontHistory, SyncsAgainAtAnEarlierDiffOfAnotherHistory) {
  WireFront front = front_at_20();

  const auto taken = front.take(diff("15@e2", "10", ""));

  EXPECT_TRUE(taken.sync_anew);
  EXPECT_EQ(front.cursor(), "20@e1");
}

TEST(WireFrontHistory, KeepsItsChangesWhenTheThreadIsNotThere) {
  WireFront front("t", "phone");
  (void)front.change({{"type", "stop_run"}, {"run", "r1"}});
  (void)front.request({});

  const auto taken =
      front.refused(R"({"status":404,"code":"unknown_thread","title":"x","detail":"y"})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(taken.reason, "unknown_thread");
  EXPECT_EQ(front.unanswered(), 1U);
  EXPECT_TRUE(front.may_send_changes());
}

TEST(WireFrontHistory, KeepsAllWhenItsHistoryIsUnknownAndSyncsWithoutACursor) {
  WireFront front = front_at_20();
  const std::string before = front.state_json();
  (void)front.request({});

  const auto taken =
      front.refused(R"({"status":409,"code":"unknown_history","title":"x","detail":"y"})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_TRUE(taken.sync_anew);
  EXPECT_EQ(front.state_json(), before);
  EXPECT_FALSE(parse(front.request({.digest = true})).as_object().contains("cursor"));
  EXPECT_TRUE(front.take(entry_21).sync_anew) << "nothing is built on another history";
  EXPECT_EQ(front.offer(), 2U);
}

TEST(WireFrontHistory, ReplacesTheUnknownHistoryByTheFirstDiff) {
  WireFront front = front_at_20();
  (void)front.refused(R"({"status":409,"code":"unknown_history","title":"x","detail":"y"})");
  (void)front.request({});

  const auto taken = front.take(diff("12@e2", "0",
                                     R"("thread":)" + thread_json(R"("u1")", "10") +
                                         R"(,"messages":[)" + message_json("u1", "null", "10") +
                                         R"(],"removed":[],"runs":[],"outcomes":[])"));

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(front.cursor(), "12@e2");
  EXPECT_EQ(front.messages().size(), 1U);
  EXPECT_EQ(front.offer(), 1U);
}

TEST(WireFrontHistory, SendsAgainAfterAFailure) {
  WireFront front = front_at_20();
  (void)front.change(move_head());
  (void)front.request({});

  const auto taken = front.take(
      R"({"frame":"failure","status":503,"code":"overloaded","detail":"y","retry":true})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_TRUE(taken.ended);
  EXPECT_TRUE(front.may_send_changes());
  EXPECT_EQ(front.unanswered(), 1U);
}

TEST(WireFrontHistory, SaysThatItsRequestWasNotUnderstood) {
  WireFront front = front_at_20();
  (void)front.request({});

  EXPECT_NE(front.refused(R"({"status":422,"code":"invalid","title":"x","detail":"y"})").wrong, "");
}

}  // namespace
}  // namespace lockstep::sim
