// SPDX-License-Identifier: Apache-2.0
// Runs that outlive the process, and threads that a crash left with open runs.
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/store/keys.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

StartRun push(const std::string& run, const std::string& message) {
  StartRun start = ask(run, message, "hello");
  start.agent = AgentName("push");
  return start;
}

struct Fixture : EngineFixture {
  void start_pushing(const std::string& run = "r1", const std::string& message = "a1") {
    MUST(sync({change_of(push(run, "u." + run))}).has_value());
    MUST(write(batch(run, {opened(1, message), token(2, message, "one")})).has_value());
  }
  // The process died without running its posted tasks, and another one opens the store.
  void die_and_open() {
    engine.reset();
    executor.run();
    metrics = {};
    host = {};
    ready = {};
    auto opened = Engine::open(parts(), host, ready.done());
    MUST(opened.has_value());
    engine = std::move(*opened);
  }
  // Until requests may be handed in.
  void until_ready() {
    while (!ready.has_come()) MUST(executor.step());
  }
  Answer<Result<void>> ready;
};

struct OutsideTest : testing::Test, Fixture {};

// --- Runs that continue --------------------------------------------------------------------------

TEST_F(OutsideTest, ARunThatIsWrittenFromOutsideOutlivesACrashAndGoesOnWithItsNextStep) {
  start_pushing();

  restart();

  EXPECT_EQ(run("r1").status, RunStatus::running);
  EXPECT_TRUE(write(batch("r1", {token(2, "a1", "one")}))) << "a known step";
  EXPECT_TRUE(write(batch("r1", {token(3, "a1", " two"), run_over(4)})));
  EXPECT_EQ(text("a1"), "one two");
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

TEST_F(OutsideTest, ARunOutlivesAGracefulStopTooAndItsQueueGoesOnWaiting) {
  start_pushing();
  ASSERT_TRUE(sync({change_of(ask("r2", "u2", "and then"))}));
  auto waiting = send(batch("r2", {opened(1, "a2")}));
  executor.run();
  ASSERT_FALSE(waiting.has_come());

  bool stopped = false;
  engine->stop([&] { stopped = true; });
  executor.run();

  ASSERT_TRUE(stopped);
  ASSERT_TRUE(waiting.has_come()) << "who waits is not left without an answer";
  EXPECT_EQ(waiting->error().code, "stopping");
  restart();
  EXPECT_EQ(run("r1").status, RunStatus::running);
  EXPECT_EQ(run("r2").status, RunStatus::queued);
  ASSERT_TRUE(write(batch("r1", {run_over(3)})));
  EXPECT_EQ(run("r2").status, RunStatus::running);
  ASSERT_EQ(host.starts.size(), 1u);
  EXPECT_EQ(host.starts[0].context.run, rid("r2"));
}

TEST_F(OutsideTest, ARunThatThisProcessWritesEndsInterrupted) {
  start_streaming();

  restart();

  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->detail, "the server was stopped without warning");
}

TEST_F(OutsideTest, ARunOfTheProcessIsToldOfARestoreToo) {
  start_streaming();
  memory.write(
      {{Table::meta, std::string(keys::outside_since), std::nullopt, RowWrite::Stamp::none}}, {},
      [](const Result<void>&) {});
  executor.run();

  restart();

  EXPECT_TRUE(run("r1").error->detail.starts_with("the store was restored"));
}

TEST_F(OutsideTest, OnlyThisProcessWritesARunThatItDrives) {
  start_streaming();
  Answer<std::expected<StepAck, StepRefusal>> running;
  engine->write(user, name(), batch("r1", {opened(2, "fake")}), running.done());
  synced({change_of(ask("r2", "u2", "and then?"))});
  Answer<std::expected<StepAck, StepRefusal>> waiting;
  engine->write(user, name(), batch("r2", {opened(1, "fake")}), waiting.done());
  executor.run();

  ASSERT_TRUE(running.has_come() && waiting.has_come()) << "nobody waits for a turn in vain";
  EXPECT_EQ(running->error().code, "written_here");
  EXPECT_EQ(waiting->error().code, "written_here");
  EXPECT_TRUE(write(batch("r1", {token(2, "a1", "from here")})).has_value());
  EXPECT_EQ(text("a1"), "from here");
}

TEST_F(OutsideTest, TheRunsOwnWriterWritesItAlsoWhileItWaits) {
  start_pushing();
  Answer<std::expected<StepAck, StepRefusal>> answer;
  engine->write(user, name(), batch("r1", {token(3, "a1", " from outside")}), answer.done());
  executor.run();

  EXPECT_TRUE(answer->has_value());
}

// Agents of another configuration.
struct OtherAgents : AnyAgents {
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(const AgentName&,
                                                                  std::string_view) const override {
    return std::nullopt;
  }
  [[nodiscard]] bool wrote_outside(std::string_view) const override { return true; }
};

struct OtherAgentsTest : OutsideTest {
  // The error of the run that was open when the process died.
  std::string why_interrupted();
  OtherAgents others;
};

std::string OtherAgentsTest::why_interrupted() {
  start_pushing();
  engine.reset();
  executor.run();
  Engine::Parts other = {.log = log,
                         .store = memory,
                         .clock = clock,
                         .random = random,
                         .executor = executor,
                         .agents = others,
                         .is_json_object = is_json_object,
                         .metrics = metrics,
                         .crash_mark = nullptr};
  auto opened = Engine::open(other, host, ready.done());
  MUST(opened.has_value());
  engine = std::move(*opened);
  executor.run();
  const lockstep::Run ended = run("r1");
  return ended.status == RunStatus::interrupted ? ended.error->detail : "it goes on";
}

TEST_F(OtherAgentsTest, ARunEndsAndNamesTheReasonIfItsAgentIsOfAnotherKind) {
  EXPECT_EQ(why_interrupted(), "its agent is of another kind now");
}

TEST_F(OtherAgentsTest, ARunEndsAndNamesTheReasonIfItsAgentIsGone) {
  others.gone = AgentName("push");

  EXPECT_EQ(why_interrupted(), "its agent was removed");
}

TEST_F(OutsideTest, ARunEndsInAnImportedStore) {
  start_pushing();
  // As an import leaves it, and a restore by its new epoch.
  memory.write(
      {{Table::meta, std::string(keys::outside_since), std::nullopt, RowWrite::Stamp::none}}, {},
      [](const Result<void>&) {});
  executor.run();

  restart();
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_TRUE(run("r1").error->detail.starts_with("the store was restored")) << "by its cause";

  start_pushing("r2", "a2");
  restart();
  EXPECT_EQ(run("r2").status, RunStatus::running) << "what begins from there on goes on again";
}

TEST_F(OutsideTest, ARunEndsInAnImportedStoreIfItsBeginningWasTheLastEntry) {
  ASSERT_TRUE(sync({change_of(push("r1", "u1"))}));
  memory.write(
      {{Table::meta, std::string(keys::outside_since), std::nullopt, RowWrite::Stamp::none}}, {},
      [](const Result<void>&) {});
  executor.run();

  restart();

  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
}

TEST_F(OutsideTest, ARunNeedsItsThreadInMemoryOnlyWhileAStepIsWritten) {
  start_pushing();
  for (std::size_t at = 0; at <= limits::idle_states_max; ++at) {
    thread = tid("other." + std::to_string(at));
    ASSERT_TRUE(sync({change_of(put("u1", "hello"))}));
  }
  const auto loaded = metrics.states_loaded;
  thread = tid("t1");

  EXPECT_TRUE(write(batch("r1", {token(2, "a1", "one"), token(3, "a1", " two")})));

  EXPECT_EQ(metrics.states_loaded, loaded + 1);
  EXPECT_EQ(write(batch("r1", {token(3, "a1", "two")})).error().code, "seq_reused");
  EXPECT_EQ(text("a1"), "one two");
}

// --- Silence -------------------------------------------------------------------------------------

struct SilenceTest : OutsideTest {
  // In pieces, as time passes.
  void pass(std::chrono::microseconds time) {
    for (int piece = 0; piece < 100; ++piece) {
      executor.pass(time / 100);
      executor.run();
    }
  }
};

TEST_F(SilenceTest, AWriterThatSaysNothingForTooLongLosesItsRun) {
  start_pushing();
  pass(agents.silence_max * 19 / 20);
  ASSERT_EQ(run("r1").status, RunStatus::running);

  pass(agents.silence_max / 4);

  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->code, "silent");
  EXPECT_EQ(run("r1").error->detail, "its writer sent no step for 10 minutes");
}

TEST_F(SilenceTest, EachStepBeginsTheTimeAgain) {
  start_pushing();
  for (std::uint64_t seq = 3; seq < 9; ++seq) {
    pass(agents.silence_max * 19 / 20);
    ASSERT_TRUE(write(batch("r1", {token(seq, "a1", ".")}))) << seq;
  }
  EXPECT_EQ(run("r1").status, RunStatus::running);
}

TEST_F(SilenceTest, ChangesOfFrontsDoNotBeginTheTimeAgain) {
  start_pushing();
  for (int at = 0; at < 5; ++at) {
    pass(agents.silence_max / 4);
    ASSERT_TRUE(sync({change_of(UpdateThread{"title " + std::to_string(at), {}, {}})}));
  }

  ASSERT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->code, "silent");
}

TEST_F(SilenceTest, AStartBeginsTheTimeAgainAndItEnds) {
  start_pushing();
  pass(agents.silence_max * 19 / 20);

  restart();

  pass(agents.silence_max * 19 / 20);
  EXPECT_EQ(run("r1").status, RunStatus::running);
  pass(agents.silence_max / 4);
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
}

TEST_F(SilenceTest, AStepThatIsOnItsWayWhenTheTimeEndsIsTaken) {
  start_pushing();
  pass(agents.silence_max * 11 / 10);
  ASSERT_EQ(run("r1").status, RunStatus::running);
  auto late = send(batch("r1", {token(3, "a1", " two")}));
  executor.pass(agents.silence_max / 20);
  executor.run();

  ASSERT_TRUE(late.has_come());
  EXPECT_TRUE(late->has_value());
  EXPECT_EQ(run("r1").status, RunStatus::running);
}

TEST_F(SilenceTest, TheNextRunHasATimeOfItsOwn) {
  start_pushing();
  pass(agents.silence_max * 19 / 20);
  ASSERT_TRUE(sync({change_of(push("r2", "u2"))}));
  ASSERT_TRUE(write(batch("r1", {run_over(3)})));
  ASSERT_EQ(run("r2").status, RunStatus::running);

  pass(agents.silence_max * 19 / 20);
  EXPECT_EQ(run("r2").status, RunStatus::running);
}

// --- Mending -------------------------------------------------------------------------------------

struct MendingTest : OutsideTest {
  void leave_open(std::size_t threads) {
    for (std::size_t at = 0; at < threads; ++at) {
      thread = tid("t" + std::to_string(at));
      MUST(sync({change_of(ask("r1", "u1", "hello"))}).has_value());
    }
  }
  std::size_t listed_as_running() {
    std::size_t count = 0;
    std::optional<std::string> before;
    do {
      const auto page = engine->threads(user, before, limits::list_max);
      MUST(page.has_value());
      for (const Thread& one : page->threads) count += one.running ? 1 : 0;
      before = page->next;
    } while (before);
    return count;
  }
};

TEST_F(MendingTest, MoreOpenRunsThanOneScanBringsAllEnd) {
  const std::size_t threads = limits::list_max + 300;
  leave_open(threads);

  restart();

  for (std::size_t at = 0; at < threads; ++at) {
    thread = tid("t" + std::to_string(at));
    ASSERT_EQ(run("r1").status, RunStatus::interrupted) << at;
  }
  EXPECT_EQ(metrics.threads_to_mend, 0u);
}

TEST_F(MendingTest, AStartIsReadyWithoutHavingOpenedAThread) {
  leave_open(40);

  die_and_open();
  until_ready();

  EXPECT_EQ(metrics.states_loaded, 0u);
  EXPECT_EQ(metrics.threads_to_mend, 40u);
  EXPECT_EQ(listed_as_running(), 0u);
  const auto feed = engine->feed(user, "", limits::list_max);
  ASSERT_TRUE(feed);
  for (const FeedItem& item : *feed) EXPECT_FALSE(item.thread->running);
}

TEST_F(MendingTest, AThreadIsMendedBeforeAnythingOfItIsShown) {
  leave_open(40);
  die_and_open();
  until_ready();
  thread = tid("t39");
  ASSERT_FALSE(engine->mended(name()));
  EXPECT_EQ(engine->read(user, name(), {}).error().code, "not_ready");
  EXPECT_EQ(engine->run(user, name(), rid("r1")).error().code, "not_ready");

  auto answer = ask_for(request({}));
  while (!answer.has_come()) ASSERT_TRUE(executor.step());

  ASSERT_TRUE(answer->has_value());
  ASSERT_EQ((*answer)->diff.runs.size(), 1u);
  EXPECT_EQ((*answer)->diff.runs[0].status, RunStatus::interrupted);
  EXPECT_GT(metrics.threads_to_mend, 20u) << "it came before the others";
}

TEST_F(MendingTest, AnotherUserHearsNothingOfAThreadThatIsBeingMended) {
  leave_open(40);
  die_and_open();
  until_ready();
  thread = tid("t39");
  const UserId other = uid("bob");

  EXPECT_EQ(engine->read(other, name(), {}).error().code, "unknown_thread");
  SyncRequest theirs = request({});
  theirs.thread = name();
  theirs.changes.user = other;
  auto synced = ask_for(std::move(theirs));
  Answer<Result<void>> erased;
  engine->erase(other, name(), erased.done());
  while (!synced.has_come() || !erased.has_come()) ASSERT_TRUE(executor.step());

  EXPECT_EQ(synced->error().code, "unknown_thread");
  EXPECT_EQ(erased->error().code, "unknown_thread");
  EXPECT_FALSE(engine->mended(name())) << "they have waited, or it came before the others";
}

TEST_F(MendingTest, WritersAndADeletionOfTheThreadWaitTooAndAreAnswered) {
  leave_open(3);
  die_and_open();
  until_ready();
  auto steps = send(batch("r1", {opened(1, "a1")}));
  Answer<Result<void>> erased;
  engine->erase(user, {user, tid("t1")}, erased.done());
  bool mended = false;
  engine->mend({user, tid("t0")}, [&] { mended = true; });

  executor.run();

  ASSERT_TRUE(steps.has_come());
  EXPECT_EQ(steps->error().code, "ended");
  ASSERT_TRUE(erased.has_come());
  EXPECT_TRUE(erased->has_value());
  EXPECT_TRUE(mended);
}

TEST_F(MendingTest, NoTurnOfTheStrandOpensMoreThanOneThread) {
  leave_open(40);
  die_and_open();
  until_ready();

  std::uint64_t loaded = metrics.states_loaded;
  while (executor.step()) {
    ASSERT_LE(metrics.states_loaded, loaded + 1);
    loaded = metrics.states_loaded;
  }
  EXPECT_EQ(loaded, 40u);
}

TEST_F(MendingTest, ACrashHalfWayLeavesTheRestToTheNextStart) {
  leave_open(40);
  die_and_open();
  until_ready();
  while (metrics.threads_to_mend > 20) ASSERT_TRUE(executor.step());

  die_and_open();
  executor.run();

  EXPECT_EQ(metrics.threads_to_mend, 0u);
  for (std::size_t at = 0; at < 40; ++at) {
    thread = tid("t" + std::to_string(at));
    EXPECT_EQ(run("r1").status, RunStatus::interrupted) << at;
    EXPECT_EQ(entries().size(), 2u) << at << " is mended once";
  }
}

TEST_F(MendingTest, AStopHalfWayDoesNotWaitForTheRest) {
  leave_open(40);
  die_and_open();
  until_ready();
  bool stopped = false;
  engine->stop([&] { stopped = true; });

  executor.run();

  ASSERT_TRUE(stopped);
  EXPECT_GT(metrics.threads_to_mend, 20u);
  restart();
  EXPECT_EQ(metrics.threads_to_mend, 0u);
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
}

TEST_F(MendingTest, AnUnreadableThreadDoesNotDelayTheOthers) {
  leave_open(3);
  thread = tid("t1");
  ASSERT_TRUE(write(batch("r1", {opened(1, "a1")})));
  thread = tid("t2");
  log.spoil = ThreadNumber(2);
  die_and_open();
  executor.run();

  EXPECT_EQ(metrics.threads_to_mend, 0u);
  EXPECT_EQ(engine->read(user, {user, tid("t1")}, {}).error().code, "corrupt");
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
}

}  // namespace
}  // namespace lockstep::test
