// SPDX-License-Identifier: Apache-2.0
// Claims and leases, by hand: who gets a run, until when, and what happens when nobody comes back.
#include "server/worker_runs.h"

#include <gtest/gtest.h>

#include "engine/rules/written_by_claims.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// All agents are of kind worker.
struct WorkerAgents : AnyAgents {
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(const AgentName&,
                                                                  std::string_view) const override {
    return written_by_claims;
  }
};

using ClaimAnswer = Answer<Result<std::optional<Claimed>>>;
using WriteAnswer = Answer<std::expected<ClaimedAck, StepRefusal>>;

struct WorkerRunsTest : testing::Test, EngineFixture {
  WorkerRunsTest() { open(); }
  ~WorkerRunsTest() override { close(); }

  void close() {
    if (workers) workers->disconnect();
    engine.reset();
    executor.run();
  }
  // The first process, or the next one on the same log.
  void open() {
    close();
    workers = std::make_unique<WorkerRuns>(
        WorkerRuns::Parts{.executor = executor,
                          .clock = clock,
                          .random = random,
                          .log = lines,
                          .rules_of = [this](const AgentName& agent) -> std::optional<WorkerRules> {
                            if (agent == removed) return std::nullopt;
                            return rules;
                          }});
    Engine::Parts with = {.log = log,
                          .store = memory,
                          .clock = clock,
                          .random = random,
                          .executor = executor,
                          .agents = of_workers,
                          .is_json_object = is_json_object,
                          .metrics = metrics};
    Answer<Result<void>> ready;
    auto opened = Engine::open(with, *workers, ready.done());
    MUST(opened.has_value());
    engine = std::move(*opened);
    workers->connect(*engine);
    executor.run();
    MUST(ready.has_come() && ready->has_value());
  }

  // A run of another thread, which waits for a worker.
  void start_run(const std::string& name) {
    thread = ThreadId("t-" + name);
    synced({change_of(ask(name, "u-" + name, "hello"))});
  }
  ClaimAnswer ask_claim(seconds lease = seconds(30), seconds wait = seconds(20)) {
    ClaimAnswer answer;
    ClaimAsked asked;
    asked.agents = {AgentName("default")};
    asked.lease = lease;
    asked.wait = wait;
    asked.worker = asked_name;
    number = workers->claim(
        {std::move(asked), [this] { return wanted; }, [this] { return revoked; }, answer.done()});
    executor.run();
    return answer;
  }
  Claimed claimed(seconds lease = seconds(30)) {
    ClaimAnswer answer = ask_claim(lease);
    MUST(answer.has_come() && answer->has_value() && (*answer)->has_value());
    return ***answer;
  }
  std::expected<ClaimedAck, StepRefusal> send(const Claimed& claim, std::vector<Step> steps) {
    WriteAnswer answer;
    workers->write({claim.claim, [this](const AgentName&) { return may; }, std::move(steps)},
                   answer.done());
    executor.run();
    MUST(answer.has_come());
    return *answer;
  }
  std::string refusal(const Claimed& claim, std::vector<Step> steps = {}) {
    const auto answer = send(claim, std::move(steps));
    return answer ? "" : answer.error().code;
  }
  void pass(std::chrono::microseconds time) {
    // Timers set timers, so time passes in small pieces.
    const auto piece = std::chrono::milliseconds(100);
    for (std::chrono::microseconds gone{}; gone < time; gone += piece) {
      executor.pass(piece);
      executor.run();
    }
  }

  LineLog lines{LineLog::Level::error, LineLog::Style::text};
  WorkerAgents of_workers;
  WorkerRules rules{.attempts_max = 3};
  AgentName removed;               // was there once
  std::optional<Error> revoked{};  // why no worker may claim
  bool wanted = true;
  bool may = true;
  std::uint64_t number = 0;
  std::string asked_name;  // of the worker
  std::unique_ptr<WorkerRuns> workers;
};

TEST_F(WorkerRunsTest, AClaimRaisesTheAttemptBeforeItIsAnswered) {
  start_run("r1");
  EXPECT_TRUE(workers->waits(name(), rid("r1")));

  const Claimed claim = claimed();

  EXPECT_EQ(claim.attempt, 2u);
  EXPECT_EQ(run("r1").attempt, 2u);
  EXPECT_FALSE(workers->waits(name(), rid("r1")));
  const auto ack = send(claim, {opened(1, "a1"), token(2, "a1", "hello"), run_over(3)});
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->ack.seq, 3u);
  EXPECT_EQ(text("a1"), "hello");
  EXPECT_EQ(workers->counts().claimed, 0u);
}

TEST_F(WorkerRunsTest, AWorkerWaitsForARunAndNoLongerThanItAsked) {
  ClaimAnswer first = ask_claim();
  ClaimAnswer second = ask_claim();
  EXPECT_FALSE(first.has_come());

  start_run("r1");

  EXPECT_TRUE(first.has_come() && (*first)->has_value()) << "first come, first served";
  EXPECT_FALSE(second.has_come());
  pass(seconds(21));
  ASSERT_TRUE(second.has_come());
  EXPECT_FALSE((*second)->has_value());
}

TEST_F(WorkerRunsTest, ACancelledOrLostWorkerGetsNoRun) {
  ClaimAnswer cancelled = ask_claim();
  workers->cancel(number);
  ClaimAnswer lost = ask_claim();
  wanted = false;

  start_run("r1");

  EXPECT_FALSE(cancelled.has_come());
  EXPECT_TRUE(workers->waits(name(), rid("r1")));
  EXPECT_TRUE(lost.has_come() && !(*lost)->has_value());
}

// --- Settings that change ------------------------------------------------------------------------

TEST_F(WorkerRunsTest, AClaimOfAnUnknownAgentIsToldSoAtOnce) {
  removed = AgentName("default");
  const ClaimAnswer answer = ask_claim();
  ASSERT_TRUE(answer.has_come());
  EXPECT_EQ((*answer).error().code, "unknown_agent");
  EXPECT_NE((*answer).error().detail.find("default"), std::string::npos);
}

TEST_F(WorkerRunsTest, AWorkerThatWaitsIsToldThatItsAgentWasRemoved) {
  ClaimAnswer answer = ask_claim();
  removed = AgentName("default");
  workers->settings_changed();
  executor.run();
  ASSERT_TRUE(answer.has_come());
  EXPECT_EQ(answer->error().code, "unknown_agent");
}

TEST_F(WorkerRunsTest, ARevokedTokenEndsItsWaitAtOnce) {
  ClaimAnswer answer = ask_claim();
  EXPECT_FALSE(answer.has_come());
  revoked = Error{Kind::rejected, "unauthorized", "The token was revoked: send a valid one."};
  workers->settings_changed();
  executor.run();
  ASSERT_TRUE(answer.has_come());
  EXPECT_EQ(answer->error().code, "unauthorized");
}

TEST_F(WorkerRunsTest, ARunWhoseAgentIsRemovedWhileItWaitsEnds) {
  start_run("r1");
  removed = AgentName("default");
  workers->settings_changed();
  executor.run();
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->code, "unknown_agent");
  removed = AgentName();
  EXPECT_FALSE(ask_claim().has_come()) << "nothing is left to claim";
}

TEST_F(WorkerRunsTest, ARunThatAWorkerHasGoesOnWithoutItsAgent) {
  start_run("r1");
  const Claimed claim = claimed();
  removed = AgentName("default");
  workers->settings_changed();
  executor.run();
  EXPECT_TRUE(send(claim, {opened(1, "a1"), token(2, "a1", "hello"), run_over(3)}));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

TEST_F(WorkerRunsTest, ALostLeaseNamesItsWorkerIfItGaveAName) {
  rules.retries = false;
  for (const std::string worker : {"", "w-7"}) {
    start_run("r" + worker);
    asked_name = worker;
    (void)claimed(seconds(1));
    pass(seconds(3));
    EXPECT_EQ(run("r" + worker).error->detail, "its worker" + (worker.empty() ? "" : " " + worker) +
                                                   " sent nothing for the time of its lease");
  }
}

TEST_F(WorkerRunsTest, EveryBatchRenewsTheLeaseAnEmptyOneToo) {
  start_run("r1");
  const Claimed claim = claimed(seconds(10));

  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    pass(seconds(9));
    const bool empty = seq % 2 == 0;
    const auto ack =
        send(claim, empty ? std::vector<Step>()
                          : std::vector<Step>{opened((seq + 1) / 2, "a" + std::to_string(seq))});
    ASSERT_TRUE(ack) << seq;
    EXPECT_EQ(ack->ack.seq, (seq + 1) / 2);
  }
  EXPECT_EQ(workers->counts().lost, 0u);
  pass(seconds(12));
  EXPECT_EQ(workers->counts().lost, 1u);
}

TEST_F(WorkerRunsTest, TheLeaseIsWholeWheneverItWasRenewed) {
  for (const int tenths : {1, 12, 13, 24, 49, 87, 99}) {
    start_run("r" + std::to_string(tenths));
    const Claimed claim = claimed(seconds(10));
    pass(std::chrono::milliseconds(100 * tenths));
    ASSERT_TRUE(send(claim, {opened(1, "a" + std::to_string(tenths))}));
    pass(std::chrono::milliseconds(9900));
    EXPECT_EQ(workers->counts().lost, 0u) << tenths;
    ASSERT_TRUE(send(claim, {Step{2, EndRun{}}}));
  }
}

TEST_F(WorkerRunsTest, ALostRunIsClaimedAgainAndTheFormerWorkerIsFenced) {
  start_run("r1");
  const Claimed first = claimed(seconds(10));
  ASSERT_TRUE(send(first, {opened(1, "a1"), token(2, "a1", "one")}));
  pass(seconds(12));

  const Claimed second = claimed();

  EXPECT_EQ(second.attempt, 3u);
  EXPECT_EQ(refusal(first), "fenced");
  EXPECT_EQ(refusal(first, {token(3, "a1", "!")}), "fenced");
  EXPECT_TRUE(send(second, {token(1, "a1", " two")}));
  EXPECT_EQ(text("a1"), "one two");
}

TEST_F(WorkerRunsTest, AFormerWorkerThatComesBackBeforeAnotherHasItsRunAgain) {
  start_run("r1");
  const Claimed claim = claimed(seconds(10));
  pass(seconds(12));
  ASSERT_TRUE(workers->waits(name(), rid("r1")));

  EXPECT_TRUE(send(claim, {opened(1, "a1")}));

  EXPECT_FALSE(workers->waits(name(), rid("r1")));
  EXPECT_FALSE(ask_claim().has_come());
  pass(seconds(12));
  EXPECT_EQ(workers->counts().lost, 2u) << "with a lease of its own";
}

TEST_F(WorkerRunsTest, ARunEndsAfterItsLastLostAttempt) {
  rules.attempts_max = 2;
  start_run("r1");
  for (std::uint32_t attempt = 2; attempt <= 3; ++attempt) {
    EXPECT_EQ(claimed(seconds(10)).attempt, attempt);
    pass(seconds(12));
  }

  EXPECT_EQ(run("r1").status, RunStatus::failed);
  EXPECT_EQ(run("r1").error->code, "worker_lost");
  EXPECT_EQ(workers->counts().claimed + workers->counts().claimable, 0u);
}

TEST_F(WorkerRunsTest, AnAgentMayInterruptLostRunsInstead) {
  rules.retries = false;
  start_run("r1");
  const Claimed claim = claimed(seconds(10));
  ASSERT_TRUE(send(claim, {opened(1, "a1")}));

  pass(seconds(12));

  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->code, "worker_lost");
  EXPECT_EQ(refusal(claim), "ended");
  EXPECT_EQ(refusal(claim, {token(2, "a1", "!")}), "ended");
}

TEST_F(WorkerRunsTest, ARunThatNobodyClaimsEnds) {
  start_run("r1");
  pass(minutes(9));
  EXPECT_EQ(run("r1").status, RunStatus::running);

  pass(minutes(2));

  EXPECT_EQ(run("r1").status, RunStatus::failed);
  EXPECT_EQ(run("r1").error->code, "no_worker");
}

TEST_F(WorkerRunsTest, ARunThatWasClaimedInTimeMayTakeLonger) {
  rules.claim_max = seconds(20);
  start_run("r1");
  const Claimed claim = claimed(seconds(10));
  for (int round = 0; round < 5; ++round) {
    pass(seconds(9));
    ASSERT_TRUE(send(claim, {}));
  }
  EXPECT_EQ(run("r1").status, RunStatus::running);
}

TEST_F(WorkerRunsTest, AWorkerLearnsOfAStopAndAStoppedRunIsPassedOver) {
  start_run("r1");
  const Claimed claim = claimed();
  ASSERT_TRUE(send(claim, {opened(1, "a1")}));
  synced({change_of(StopRun{rid("r1"), {}})});
  const auto told = send(claim, {});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, "ended");
  EXPECT_EQ(told.error().status, RunStatus::stopped);
  start_run("r2");
  synced({change_of(StopRun{rid("r2"), {}})});

  EXPECT_FALSE(ask_claim().has_come());
}

TEST_F(WorkerRunsTest, AStopBetweenTheChoiceAndTheClaimGivesTheWorkerTheNextRun) {
  start_run("r1");
  start_run("r2");
  thread = ThreadId("t-r1");
  auto stop = ask_for(request({change_of(StopRun{rid("r1"), {}})}));

  const Claimed claim = claimed();

  EXPECT_EQ(claim.run, rid("r2"));
}

TEST_F(WorkerRunsTest, AClaimOutlivesARestartWithItsLease) {
  start_run("r1");
  const Claimed claim = claimed(seconds(60));
  ASSERT_TRUE(send(claim, {opened(1, "a1")}));
  start_run("r2");

  open();

  EXPECT_EQ(claimed().run, rid("r2")) << "the other one has a worker";
  pass(seconds(50));
  thread = ThreadId("t-r1");
  EXPECT_TRUE(send(claim, {token(2, "a1", "on")}));
  EXPECT_EQ(text("a1"), "on");
  pass(seconds(70));
  EXPECT_TRUE(workers->waits(name(), rid("r1")));
}

TEST_F(WorkerRunsTest, OnlyTheWholeClaimIsGood) {
  start_run("r1");
  const Claimed claim = claimed();
  const ClaimName good = *parse_claim(claim.claim);
  const auto with = [&](auto change) {
    ClaimName other = good;
    change(other);
    return refusal({to_text(other), {}, {}, 0, {}});
  };

  EXPECT_EQ(with([](ClaimName& it) { it.secret[0] ^= 1; }), "fenced");
  EXPECT_EQ(with([](ClaimName& it) { it.attempt = 1; }), "fenced");
  EXPECT_EQ(with([](ClaimName& it) { it.epoch = Epoch(1); }), "fenced") << "a restored store";
  EXPECT_EQ(with([](ClaimName& it) { it.thread.owner = UserId("bob"); }), "fenced");
  EXPECT_EQ(with([](ClaimName& it) { it.run = rid("never"); }), "fenced");
  EXPECT_EQ(refusal({"nonsense", {}, {}, 0, {}}), "invalid");
  may = false;
  EXPECT_EQ(refusal(claim), "forbidden");
}

TEST_F(WorkerRunsTest, AFrontDoesNotWriteARunOfAWorker) {
  start_run("r1");
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    StepsAnswer answer;
    engine->write(user, name(), {rid("r1"), attempt, {opened(1, "fake")}}, answer.done());
    executor.run();
    EXPECT_EQ(answer->error().code, "written_here");
    if (attempt == 1) (void)claimed();
  }
}

TEST_F(WorkerRunsTest, AStopOfTheServerAnswersTheWorkersThatWaitAndKeepsTheRuns) {
  start_run("r1");
  const Claimed claim = claimed();
  ClaimAnswer waiting = ask_claim();
  bool stopped = false;

  workers->stop();
  engine->stop([&] { stopped = true; });
  executor.run();

  EXPECT_TRUE(stopped);
  ASSERT_TRUE(waiting.has_come());
  EXPECT_EQ(waiting->error().code, "stopping");
  open();
  EXPECT_TRUE(send(claim, {opened(1, "a1")}));
}

TEST(ClaimName, ComesBackFromItsTextAndNothingElseDoes) {
  ClaimName claim{Epoch(7), {UserId("ann"), ThreadId("t1")}, RunId("r1"), 2, {}};
  claim.secret[3] = 200;
  const std::string text = to_text(claim);

  EXPECT_EQ(parse_claim(text), claim);
  EXPECT_FALSE(parse_claim(text + "A"));
  EXPECT_FALSE(parse_claim(text.substr(1)));
  EXPECT_FALSE(parse_claim(""));
  const std::string id(128, 'x');
  const ClaimName longest{Epoch(~0ull), {UserId(id), ThreadId(id)}, RunId(id), ~0u, {}};
  EXPECT_EQ(parse_claim(to_text(longest)), longest);
}

}  // namespace
}  // namespace lockstep::test
