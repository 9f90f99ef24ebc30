// SPDX-License-Identifier: Apache-2.0
// The engine counts what it holds in memory, bounds it, and gives it back.
#include "engine/base/memory.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "engine/live/run_shares.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

// --- The account ---------------------------------------------------------------------------------

TEST(MemoryAccountTest, TheSumIsThatOfTheLivingCharges) {
  const bool held = rc::check("the sum is right after any copies, moves and changes", [] {
    MemoryAccount account(mib);
    std::vector<Charge> charges(8);
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange(0, 8), rc::gen::inRange(0, 8),
                       rc::gen::inRange(0, 100)));
    for (const auto& [what, one, other, bytes] : steps) {
      Charge& charge = charges[static_cast<std::size_t>(one)];
      const auto kind = static_cast<MemoryKind>(other);
      if (what == 0) charge = Charge(&account, kind, static_cast<std::size_t>(bytes));
      if (what == 1) charge.set(static_cast<std::size_t>(bytes));
      if (what == 2) charge = Charge(charges[static_cast<std::size_t>(other)]);
      if (what == 3) charge = std::move(charges[static_cast<std::size_t>(other)]);
      if (what == 4) charge.add(static_cast<std::size_t>(bytes));

      std::size_t sum = 0;
      for (const Charge& each : charges) sum += each.bytes();
      RC_ASSERT(account.bytes() == sum);
      std::size_t kinds = 0;
      for (std::size_t at = 0; at < memory_kinds; ++at) {
        kinds += account.bytes(static_cast<MemoryKind>(at));
      }
      RC_ASSERT(kinds == sum);
    }
    charges.clear();
    RC_ASSERT(account.bytes() == 0u);
  });
  EXPECT_TRUE(held);
}

TEST(MemoryAccountTest, NewWorkIsRefusedAtTheBoundAndBegunWorkGoesOnIntoTheReserve) {
  MemoryAccount account(800 * kib);
  const Charge held(&account, MemoryKind::states, 790 * kib);

  EXPECT_TRUE(account.admits(MemoryKind::steps, 10 * kib));
  EXPECT_FALSE(account.admits(MemoryKind::steps, 11 * kib));
  EXPECT_TRUE(account.admits_begun(MemoryKind::steps, 110 * kib));
  EXPECT_FALSE(account.admits_begun(MemoryKind::steps, 111 * kib));
  EXPECT_EQ(account.refused(MemoryKind::steps), 2u);
}

TEST(MemoryAccountTest, CachesAreEvictedBeforeAChargeIsRefused) {
  MemoryAccount account(100 * kib);
  Charge held(&account, MemoryKind::states, 100 * kib);
  std::size_t asked = 0;
  account.on_full([&](std::size_t bytes) {
    asked += bytes;
    held.set(held.bytes() - bytes);
  });

  EXPECT_TRUE(account.admits(MemoryKind::steps, 10 * kib));

  EXPECT_EQ(asked, 10 * kib);
  EXPECT_EQ(account.refused(MemoryKind::steps), 0u);
}

TEST(MemoryAccountTest, SlowSendersAndSlowReadersCannotTakeAll) {
  MemoryAccount account(4 * mib);
  const Charge bodies(&account, MemoryKind::bodies, mib);
  const Charge answers(&account, MemoryKind::answers, mib);

  EXPECT_FALSE(account.admits(MemoryKind::bodies, 1));
  EXPECT_FALSE(account.admits(MemoryKind::answers, 1));
  EXPECT_TRUE(account.admits(MemoryKind::steps, mib));
}

// --- States --------------------------------------------------------------------------------------

struct MemoryTest : testing::Test, EngineFixture {
  // A thread of about so many bytes.
  void make_thread(const std::string& name, std::size_t bytes) {
    thread = tid(name);
    synced({change_of(put("big", std::string(bytes, 'x')))});
  }
  [[nodiscard]] std::size_t states() const { return account.bytes(MemoryKind::states); }
  void pass_seconds(std::uint32_t seconds) {
    for (std::uint32_t second = 0; second < seconds; ++second) account.settle();
  }
};

TEST_F(MemoryTest, AThreadCountsTheSameEntryByEntryAndAfterItIsReadAgain) {
  synced({change_of(put("u1", std::string(1000, 'a')))});
  synced({change_of(put("u1", std::string(300, 'b')))});
  synced({change_of(ask("r1", "u2", "hello"))});
  ASSERT_TRUE(write(batch("r1", {opened(1, "a1"), token(2, "a1", "one "), token(3, "a1", "two")})));
  synced({change_of(stop("r1"))});
  synced({change_of(ask("r2", "u3", "again"))});
  ASSERT_TRUE(write(batch("r2", {opened(1, "a2"), token(2, "a2", "three"), run_over(3)})));
  synced({change_of(DeleteMessage{mid("u1")})});
  const std::size_t counted = states();

  engine.reset();
  EXPECT_EQ(account.bytes(), 0u);
  start();
  static_cast<void>(reading());

  EXPECT_EQ(states(), counted);
}

TEST_F(MemoryTest, IdleThreadsOfAllUsersShareTheBudgetAndTheOldestGoFirst) {
  account.set_bytes_max(4 * mib);
  for (int number = 0; number < 12; ++number) {
    user = UserId("user-" + std::to_string(number));
    make_thread("t-" + std::to_string(number), mib);
    EXPECT_LE(account.bytes(), account.bytes_max() + mib + limits::thread_bytes);
  }

  EXPECT_LE(metrics.states_in_memory, 4u);
  user = UserId("user-0");
  thread = tid("t-0");
  EXPECT_EQ(text("big"), std::string(mib, 'x'));  // read again, and as it was
  EXPECT_LE(states(), 4 * mib + mib);
}

TEST_F(MemoryTest, ColdThreadsThatAreReadOnceDoNotAddUp) {
  for (int number = 0; number < 12; ++number) make_thread("t-" + std::to_string(number), mib);
  account.set_bytes_max(4 * mib);
  restart();
  for (int number = 0; number < 12; ++number) {
    thread = tid("t-" + std::to_string(number));
    static_cast<void>(reading());
    EXPECT_LE(account.bytes(), account.bytes_max() + mib + 2 * limits::thread_bytes);
  }
}

TEST_F(MemoryTest, NewWorkIsOverloadedWhileRunsHoldAllAndGoesThroughOnceOneHasEnded) {
  account.set_bytes_max(4 * mib);
  make_thread("t1", 3 * mib);
  synced({change_of(ask("r1", "u2", "hello"))});
  ASSERT_TRUE(write(batch("r1", {opened(1, "a1")})));
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", std::string(mib / 2, 'y'))})));
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", std::string(mib / 2, 'y'))})));

  thread = tid("t2");
  auto refused = sync({change_of(put("u1", std::string(100 * kib, 'z')))});
  EXPECT_EQ(code_of(refused), "overloaded");
  thread = tid("t1");
  EXPECT_TRUE(write(batch("r1", {token(4, "a1", "goes on"), run_over(5)})));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
  thread = tid("t2");
  EXPECT_TRUE(sync({change_of(put("u1", std::string(100 * kib, 'z')))}));
  thread = tid("t1");
  EXPECT_EQ(text("big").size(), 3 * mib);
}

// The outcome of the first change: `applied`, or the refusal's code.
std::string first_outcome(const Result<SyncReply>& reply) {
  if (!reply) return "refused as a whole: " + reply.error().code;
  const Outcome& outcome = reply->outcomes.at(0);
  return outcome.applied ? "applied" : outcome.code;
}

TEST_F(MemoryTest, TheRunningRunsOfOneUserLeaveRoomForThoseOfOthers) {
  account.set_bytes_max(64 * mib);
  const auto starts = [this](const std::string& who, int number) {
    user = UserId(who);
    make_thread("t-" + std::to_string(number), 2 * mib);
    return first_outcome(sync({change_of(ask("r1", "u2", "hello"))}));
  };
  // Each holds its thread, and what the model was given.
  int running = 0;
  while (running < 12 && starts("ann", running) == "applied") ++running;

  EXPECT_EQ(running, 6);
  EXPECT_EQ(starts("ann", 50), "too_many");
  EXPECT_EQ(first_outcome(sync({change_of(put("u5", "a word"))})), "applied") << "that is no run";
  for (int number = 100; number < 104; ++number) EXPECT_EQ(starts("bob", number), "applied");
  user = UserId("ann");
  thread = tid("t-0");
  EXPECT_TRUE(write(batch("r1", {opened(1, "a1"), run_over(2)})));
  EXPECT_EQ(starts("ann", 60), "applied") << "one has ended";
}

TEST(RunShares, ARunThatHoldsNothingIsCountedNextToAnotherOfItsUser) {
  RunShares shares;
  shares.begins(ThreadNumber(1), rid("r1"), uid("ann"), 0);
  shares.begins(ThreadNumber(2), rid("r2"), uid("ann"), 10);

  shares.ends(ThreadNumber(2), rid("r2"));
  shares.grows(ThreadNumber(1), 5);

  EXPECT_EQ(shares.held_by(uid("ann")), 5u);
  shares.ends(ThreadNumber(1), rid("r1"));
  EXPECT_EQ(shares.held_by(uid("ann")), 0u);
}

// A share that is full: of 16 MiB three eighths, which one run holds.
struct FullShare : MemoryTest {
  FullShare() {
    account.set_bytes_max(16 * mib);
    make_thread("t1", 3 * mib);
    EXPECT_EQ(first_outcome(sync({change_of(ask("r1", "u2", "hello"))})), "applied");
  }
  Result<SyncReply> answer_to(const SyncRequest& asked) {
    auto answer = ask_for(SyncRequest(asked));
    executor.run();
    return std::move(*answer);
  }
};

TEST_F(FullShare, RefusesOnlyAStartAndTakesTheStopNextToIt) {
  auto both = sync({change_of(stop("r1")), change_of(ask("r2", "u3", "and now?"))});

  ASSERT_TRUE(both.has_value()) << both.error().code;
  EXPECT_TRUE(both->outcomes.at(0).applied);
  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_TRUE(both->outcomes.at(1).applied) << "it takes the other's place";
  thread = tid("t2");
  EXPECT_EQ(first_outcome(sync({change_of(ask("r1", "u1", "elsewhere"))})), "too_many");
}

TEST_F(FullShare, LetsTheNextTurnOfTheThreadWait) {
  EXPECT_EQ(first_outcome(sync({change_of(ask("r2", "u3", "and then?"))})), "applied");
  EXPECT_EQ(run("r2").status, RunStatus::queued);
}

TEST_F(FullShare, IsRememberedAsAnyRefusalIs) {
  thread = tid("t2");
  ASSERT_EQ(first_outcome(sync({change_of(put("u0", "there"))})), "applied");
  Change start = change_of(ask("r1", "u1", "hello"));
  start.op = Op(7);
  start.content = content_of(start);
  const SyncRequest asked = request({start});
  ASSERT_EQ(first_outcome(answer_to(asked)), "too_many");
  thread = tid("t1");
  ASSERT_TRUE(write(batch("r1", {opened(1, "a1"), run_over(2)})));
  thread = tid("t2");

  const auto again = answer_to(asked);

  EXPECT_EQ(first_outcome(again), "too_many");
  EXPECT_TRUE(again->outcomes.at(0).duplicate);
}

TEST_F(FullShare, TellsAnotherUserNothing) {
  SyncRequest theirs = request({change_of(ask("r9", "u9", "hello"))});
  theirs.changes.user = uid("bob");

  EXPECT_EQ(code_of(answer_to(theirs)), "unknown_thread");
}

TEST_F(FullShare, DoesNotRefuseRunsThatAreWrittenFromOutside) {
  for (int number = 2; number < 8; ++number) {
    thread = tid("t-" + std::to_string(number));
    StartRun push = ask("r1", "u2", "hello");
    push.agent = AgentName("push");
    EXPECT_EQ(first_outcome(sync({change_of(push)})), "applied") << number;
  }
}

TEST_F(MemoryTest, ManyStartsAtOneTimeCountTheMemoryOfTheOthers) {
  account.set_bytes_max(64 * mib);
  std::vector<Answer<Result<SyncReply>>> answers;
  for (int number = 0; number < 12; ++number) {
    make_thread("t-" + std::to_string(number), 2 * mib);
    answers.push_back(ask_for(request({change_of(ask("r1", "u2", "hello"))})));
  }

  executor.run();

  const auto started = std::ranges::count_if(
      answers, [](const auto& answer) { return first_outcome(*answer) == "applied"; });
  EXPECT_EQ(started, 6);
}

TEST_F(MemoryTest, ARunsTextCountsInItsUsersShare) {
  account.set_bytes_max(16 * mib);
  make_thread("t1", kib);
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", std::string(4 * mib, 'x'))})));

  thread = tid("t2");
  EXPECT_EQ(first_outcome(sync({change_of(ask("r1", "u2", "hello"))})), "too_many");
  thread = tid("t1");
  EXPECT_TRUE(write(batch("r1", {run_over(3)})));
  thread = tid("t2");
  EXPECT_EQ(first_outcome(sync({change_of(ask("r2", "u3", "hello"))})), "applied");
}

TEST_F(MemoryTest, AStopIsTakenThoughAllMemoryIsInUse) {
  make_thread("t1", mib);
  start_streaming();
  account.set_bytes_max(mib);

  EXPECT_EQ(code_of(sync({change_of(put("u9", "more"))})), "overloaded");
  EXPECT_TRUE(sync({change_of(stop("r1"))}));

  EXPECT_EQ(run("r1").status, RunStatus::stopped);
}

TEST_F(MemoryTest, TheThreadsOfABurstAreEvictedAfterAWhileAndThoseInUseStay) {
  account.set_bytes_max(16 * mib);
  for (int number = 0; number < 8; ++number) make_thread("t-" + std::to_string(number), mib);
  EXPECT_GT(states(), 8 * mib);
  make_thread("t1", mib);
  start_streaming();

  pass_seconds(limits::idle_seconds_max + 1);

  EXPECT_LT(states(), 2 * mib);
  EXPECT_EQ(metrics.states_in_memory, 1u);
}

// --- Waiting requests, and tails -----------------------------------------------------------------

TEST_F(MemoryTest, AnInputThatWaitsForALaneIsCountedUntilItsAnswer) {
  auto answer = ask_for(request({change_of(put("u1", std::string(10 * kib, 'x')))}));
  EXPECT_GE(account.bytes(MemoryKind::steps), 10 * kib);

  executor.run();

  EXPECT_TRUE(answer.has_come());
  EXPECT_EQ(account.bytes(MemoryKind::steps), 0u);
}

TEST_F(MemoryTest, TailsAreGivenUpForWorkAndFollowersReadTheLog) {
  start_streaming();
  CountingFollower follower;
  ASSERT_TRUE(engine->join(user, name(), follower));
  const Timestamp before = reading().cursor.at;
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", std::string(300 * kib, 'x'))})));
  const std::size_t tail = account.bytes(MemoryKind::tails);
  EXPECT_GT(tail, 300 * kib);
  account.set_bytes_max(account.bytes());

  EXPECT_TRUE(account.admits(MemoryKind::steps, kib));

  EXPECT_EQ(account.bytes(MemoryKind::tails), 0u);
  EXPECT_EQ(entries(before).size(), 1u);
  engine->leave(name(), follower);
}

}  // namespace
}  // namespace lockstep::test
