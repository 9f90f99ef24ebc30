// SPDX-License-Identifier: Apache-2.0
// A thread has one writer: which inputs wait, merge and get answers, and in which order.
#include "engine/live/lane.h"

#include <gtest/gtest.h>

#include "engine/base/codes.h"
#include "engine/rules/sizes.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct LaneTest : testing::Test, EngineFixture {};

// --- Merging -------------------------------------------------------------------------------------

TEST_F(LaneTest, StepsThatComeDuringAnAppendShareTheNextEntry) {
  start_streaming();
  const Timestamp before = reading().screen.now;
  auto first = send(batch("r1", {token(2, "a1", "one")}));
  executor.step();  // decided: its append is in flight
  auto second = send(batch("r1", {token(3, "a1", " two")}));
  auto third = send(batch("r1", {token(4, "a1", " three")}));

  executor.run();

  const auto entries = this->entries(before);
  ASSERT_EQ(entries.size(), 2u);
  ASSERT_EQ(entries[1].events.size(), 1u);
  EXPECT_EQ(std::get<ContentAppended>(entries[1].events[0]).text, " two three");
  EXPECT_EQ(**first, (StepAck{2, entries[0].at}));
  EXPECT_EQ(**second, (StepAck{3, entries[1].at}));
  EXPECT_EQ(**third, (StepAck{4, entries[1].at}));
}

TEST_F(LaneTest, AnEditMadeWhileARunIsStreamingWaitsForNoToken) {
  start_streaming();
  auto token_sent = send(batch("r1", {token(2, "a1", "one")}));
  executor.step();
  auto edit = ask_for(request({change_of(MoveHead{mid("u1")})}));
  for (int seq = 3; seq < 10; ++seq) {
    send(batch("r1", {token(static_cast<std::uint64_t>(seq), "a1", ".")}));
  }

  while (!edit.has_come()) ASSERT_TRUE(executor.step());

  EXPECT_EQ(text("a1"), "one");
  EXPECT_EQ(reading().screen.thread->head, mid("u1"));
}

TEST_F(LaneTest, ABadBatchDoesNotSpoilTheOneBeforeIt) {
  start_streaming();
  auto good = send(batch("r1", {token(2, "a1", "one")}));
  auto bad = send(batch("r1", {token(3, "nobody", "two")}));
  auto next = send(batch("r1", {token(3, "a1", " three")}));

  executor.run();

  EXPECT_TRUE(good->has_value());
  ASSERT_FALSE(bad->has_value());
  EXPECT_EQ(bad->error().code, "unknown_message");
  EXPECT_TRUE(next->has_value());
  EXPECT_EQ(text("a1"), "one three");
}

TEST_F(LaneTest, AnEntryGathersNoMoreThanItsBound) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "begun")})));
  const Timestamp before = reading().screen.now;
  // Not a divisor of the bound, so that no entry meets it exactly.
  const std::string piece(limits::entry_bytes_max / 10 - 999, 'x');
  const std::size_t piece_bytes = size_of(batch("r1", {token(3, "a1", piece)}));
  for (std::uint64_t seq = 3; seq < 43; ++seq) send(batch("r1", {token(seq, "a1", piece)}));

  executor.run();

  const auto entries = this->entries(before);
  std::size_t pieces = 0;
  for (std::size_t at = 0; at < entries.size(); ++at) {
    SCOPED_TRACE(at);
    ASSERT_EQ(entries[at].events.size(), 1u);
    const std::size_t bytes = std::get<ContentAppended>(entries[at].events[0]).text.size();
    pieces += bytes / piece.size();
    EXPECT_LE(size_of(entries[at]), limits::entry_bytes_max);
    // All that has room is gathered, as long as more waits.
    if (at + 1 == entries.size()) continue;
    EXPECT_GT(bytes + piece_bytes, limits::entry_bytes_max);
  }
  EXPECT_EQ(pieces, 40u);
}

// A batch becomes true as a whole, so it is not split.
TEST_F(LaneTest, ABatchBeyondTheBoundIsAnEntryOfItsOwn) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "begun")})));
  const Timestamp before = reading().screen.now;
  const std::string large(limits::entry_bytes_max + 1, 'x');
  const char* const small = "y";
  send(batch("r1", {token(3, "a1", small)}));
  send(batch("r1", {token(4, "a1", large)}));
  send(batch("r1", {token(5, "a1", small)}));
  send(batch("r1", {token(6, "a1", small)}));

  executor.run();

  std::vector<std::string> texts;
  for (const Entry& entry : entries(before)) {
    texts.push_back(std::get<ContentAppended>(entry.events.at(0)).text);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{small, large, "yy"}));
}

TEST_F(LaneTest, AnEntryGathersNoMoreStepsThanItsBound) {
  start_streaming();
  const Timestamp before = reading().screen.now;
  constexpr std::uint64_t batch_steps = 300;
  std::uint64_t seq = 1;
  while (seq < 3 * limits::entry_steps_max) {
    std::vector<Step> steps;
    while (steps.size() < batch_steps) steps.push_back(token(++seq, "a1", "."));
    send(batch("r1", std::move(steps)));
  }

  executor.run();

  const auto entries = this->entries(before);
  std::uint64_t taken = 1;
  for (std::size_t at = 0; at < entries.size(); ++at) {
    SCOPED_TRACE(at);
    const std::uint64_t steps = entries[at].producer->seq - taken;
    taken = entries[at].producer->seq;
    EXPECT_LE(steps, limits::entry_steps_max);
    if (at + 1 == entries.size()) continue;
    EXPECT_GT(steps + batch_steps, limits::entry_steps_max);
  }
  EXPECT_EQ(taken, seq);
}

TEST_F(LaneTest, EachRequestsChangesAreAnEntryOfTheirOwn) {
  auto first = ask_for(request({change_of(put("u1", "one")), change_of(put("u2", "two"))}));
  auto second = ask_for(request({change_of(put("u3", "three"))}));

  executor.run();

  const auto entries = this->entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ((*first)->outcomes.at(1).at, entries[0].at);
  EXPECT_EQ((*second)->outcomes.at(0).at, entries[1].at);
}

// --- Durable before visible ----------------------------------------------------------------------

TEST_F(LaneTest, NothingIsSeenOrAnsweredBeforeItIsDurable) {
  start_streaming();
  CountingFollower follower;
  ASSERT_TRUE(engine->join(user, name(), follower));
  const int commits = log.commits;
  auto sent = send(batch("r1", {token(2, "a1", "one")}));

  while (log.commits == commits) {
    EXPECT_FALSE(sent.has_come());
    EXPECT_EQ(follower.wakes, 0);
    EXPECT_EQ(text("a1"), "<none>");
    ASSERT_TRUE(executor.step());
  }

  executor.run();
  EXPECT_TRUE(sent.has_come());
  EXPECT_EQ(follower.wakes, 1);
  EXPECT_EQ(text("a1"), "one");
  engine->leave(name(), follower);
}

TEST_F(LaneTest, TimestampsGrowThoughTheClockGoesBack) {
  const SyncReply first = synced({change_of(put("u1", "one"))});
  clock.set(5);

  const SyncReply second = synced({change_of(put("u2", "two"))});

  EXPECT_EQ(second.cursor.at.get(), first.cursor.at.get() + 1);
}

TEST_F(LaneTest, ACallerIsNotAnsweredFromWithinTheCall) {
  start_streaming();

  auto refused = send(batch("r1", {}));
  auto unknown = ask_for(request({}, Cursor{Timestamp(9'999'999'999), Epoch(1)}));

  EXPECT_FALSE(refused.has_come());
  EXPECT_FALSE(unknown.has_come());
  executor.run();
  EXPECT_EQ(refused->error().code, "invalid");
  EXPECT_EQ(code_of(*unknown), "unknown_history");
}

// --- Sent again ----------------------------------------------------------------------------------

TEST_F(LaneTest, StepsSentAgainAreAnsweredAsTheFirstTime) {
  start_streaming();
  const auto first = write(batch("r1", {token(2, "a1", "one")}));
  const auto second = write(batch("r1", {token(3, "a1", " two")}));
  const std::size_t count = entries().size();

  EXPECT_EQ(*write(batch("r1", {token(2, "a1", "one")})), *first);
  EXPECT_EQ(*write(batch("r1", {token(2, "a1", "one"), token(3, "a1", " two")})), *second);
  EXPECT_EQ(entries().size(), count);
}

TEST_F(LaneTest, StepsSentAgainAfterTheRunsEndAndARestartAreAnsweredAsTheFirstTime) {
  start_streaming();
  const auto first = write(batch("r1", {token(2, "a1", "one")}));
  const auto end = write(batch("r1", {run_over(3)}));

  restart();

  EXPECT_EQ(*write(batch("r1", {token(2, "a1", "one")})), *first);
  EXPECT_EQ(*write(batch("r1", {run_over(3)})), *end);
}

TEST_F(LaneTest, StepsSentTwiceAtOnceAreTakenOnce) {
  start_streaming();
  auto first = send(batch("r1", {token(2, "a1", "one")}));
  auto again = send(batch("r1", {token(2, "a1", "one"), token(3, "a1", " two")}));

  executor.run();

  EXPECT_EQ(text("a1"), "one two");
  EXPECT_EQ((*first)->seq, 2u);
  EXPECT_EQ((*again)->seq, 3u);
}

TEST_F(LaneTest, StepsThatSayNothingNewAreCountedAllTheSame) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one"), token(3, "a1", "")})));
  ASSERT_TRUE(write(batch("r1", {token(4, "a1", "")})));

  EXPECT_TRUE(write(batch("r1", {token(5, "a1", " two")})));
  EXPECT_EQ(text("a1"), "one two");
}

// --- A run that waits ----------------------------------------------------------------------------

TEST_F(LaneTest, StepsOfAQueuedRunWaitForItsTurn) {
  start_streaming();
  synced({change_of(ask("r2", "u2", "and then?"))});
  auto early = send(batch("r2", {opened(1, "a2")}));
  auto early_too = send(batch("r2", {token(2, "a2", "then")}));
  executor.run();
  EXPECT_FALSE(early.has_come());

  ASSERT_TRUE(write(batch("r1", {run_over(2)})));

  ASSERT_TRUE(early.has_come() && early_too.has_come());
  EXPECT_EQ((*early)->seq, 1u);
  EXPECT_EQ((*early_too)->seq, 2u);
  EXPECT_EQ(text("a2"), "then");
}

TEST_F(LaneTest, StepsOfAQueuedRunThatIsStoppedAreToldSo) {
  start_streaming();
  synced({change_of(ask("r2", "u2", "and then?"))});
  auto early = send(batch("r2", {opened(1, "a2")}));
  executor.run();

  synced({change_of(stop("r2"))});

  ASSERT_TRUE(early.has_come());
  ASSERT_FALSE(early->has_value());
  EXPECT_EQ(early->error().code, "ended");
  EXPECT_EQ(early->error().status, RunStatus::stopped);
}

TEST_F(LaneTest, StepsBehindAStopAreToldThatTheRunHasEnded) {
  start_streaming();
  auto stopped = ask_for(request({change_of(stop("r1"))}));
  auto late = send(batch("r1", {token(2, "a1", "one")}));

  executor.run();

  EXPECT_TRUE((*stopped)->outcomes.at(0).applied);
  ASSERT_FALSE(late->has_value());
  EXPECT_EQ(late->error().code, "ended");
  EXPECT_EQ(late->error().at, run("r1").ended);
}

// --- Bounds and failures -------------------------------------------------------------------------

TEST_F(LaneTest, AnInputIsRefusedAsOverloadedIfTheLaneIsFull) {
  start_streaming();
  std::vector<StepsAnswer> taken;
  for (std::uint64_t seq = 2; seq < limits::lane_inputs_max + 2; ++seq) {
    taken.push_back(send(batch("r1", {token(seq, "a1", ".")})));
  }
  auto too_many = send(batch("r1", {token(9999, "a1", ".")}));
  auto change = ask_for(request({change_of(put("u9", "nine"))}));

  executor.run();

  EXPECT_EQ(too_many->error().code, "overloaded");
  EXPECT_EQ(code_of(*change), "overloaded");
  for (const StepsAnswer& answer : taken) EXPECT_TRUE(answer->has_value());
  EXPECT_TRUE(write(batch("r1", {run_over(limits::lane_inputs_max + 2)})));
}

TEST_F(LaneTest, BytesThatWaitAreBoundedToo) {
  start_streaming();
  const std::string large(limits::lane_bytes_max / 4, 'x');
  for (int change = 0; change < 3; ++change) ask_for(request({change_of(put("", large))}));

  auto too_much = ask_for(request({change_of(put("", large)), change_of(put("", "more"))}));

  executor.run();
  EXPECT_EQ(code_of(*too_much), "overloaded");
}

TEST_F(LaneTest, AConflictIsReadOnAndDecidedAgain) {
  start_streaming();
  log.fail_next = Error{Kind::conflict, codes::conflict, "somebody else has written"};

  EXPECT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  EXPECT_EQ(text("a1"), "one");
}

TEST_F(LaneTest, AFailedAppendIsToldToAllInputsThatWaitForIt) {
  start_streaming();
  auto one = send(batch("r1", {token(2, "a1", "one")}));
  auto two = send(batch("r1", {token(3, "a1", "two")}));
  log.fail_next = Error{Kind::unavailable, codes::storage_failed, "no disk"};

  executor.run();

  EXPECT_EQ(one->error().code, "storage_failed");
  EXPECT_EQ(two->error().code, "storage_failed");
  EXPECT_TRUE(write(batch("r1", {token(2, "a1", "again")})));
}

// A refused input takes no room in the lane.
TEST_F(LaneTest, RequestsThatAreRefusedBeforeTheyAreDecidedDoNotFillTheLane) {
  synced({change_of(put("u1", "hello"))});
  const Cursor unknown{Timestamp(1), Epoch(1)};
  const std::string text(limits::message_bytes_max / 2, 'x');

  for (std::size_t said = 0; said <= limits::lane_bytes_max; said += text.size()) {
    ASSERT_EQ(code_of(sync({change_of(put("big", text))}, unknown)), "unknown_history");
  }

  EXPECT_TRUE(sync({change_of(put("big", text))}).has_value());
}

TEST_F(LaneTest, AnAnsweredCallerHasRoomForAsMuchAgain) {
  const std::size_t count = limits::lane_bytes_max / 2 / limits::message_bytes_max + 1;
  const auto more_than_half = [&](const std::string& name) {
    std::vector<Change> changes;
    for (std::size_t at = 0; at < count; ++at) {
      changes.push_back(
          change_of(put(name + std::to_string(at), std::string(limits::message_bytes_max, 'x'))));
    }
    return request(std::move(changes));
  };
  std::vector<bool> taken;
  engine->sync(more_than_half("a"), [&](const Result<SyncReply>& first) {
    taken.push_back(first.has_value());
    engine->sync(more_than_half("b"),
                 [&](const Result<SyncReply>& second) { taken.push_back(second.has_value()); });
  });

  executor.run();

  EXPECT_EQ(taken, (std::vector{true, true}));
}

}  // namespace
}  // namespace lockstep::test
