// What a device does when the server's history is not its own, or says no.
#include <gtest/gtest.h>

#include "tests/sim/wire_front.h"
#include "tests/sim/wire_front_given.h"
#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {
namespace {

using boost::json::object;
using boost::json::parse;

TEST(WireFrontSync, ReplacesAllOnAResetAndSendsItsChangesAgain) {
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

TEST(WireFrontSync, OffersWhatARewoundServerNoLongerHas) {
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

TEST(WireFrontSync, KeepsAllWhenItsHistoryIsUnknownAndSyncsWithoutACursor) {
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

TEST(WireFrontSync, ReplacesTheUnknownHistoryByTheFirstDiff) {
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

TEST(WireFrontSync, SendsAgainAfterAFailure) {
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

TEST(WireFrontSync, SaysThatItsRequestWasNotUnderstood) {
  WireFront front = front_at_20();
  (void)front.request({});

  EXPECT_NE(front.refused(R"({"status":422,"code":"invalid","title":"x","detail":"y"})").wrong, "");
}

}  // namespace
}  // namespace lockstep::sim
