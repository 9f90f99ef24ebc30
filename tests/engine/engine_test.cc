// SPDX-License-Identifier: Apache-2.0
// The promises of the engine to its callers.
#include "engine/live/engine.h"

#include <gtest/gtest.h>

#include "engine/store/thread_flags.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct EngineTest : testing::Test, EngineFixture {
  std::vector<std::string> path_given() const {
    std::vector<std::string> ids;
    for (const Message& message : host.starts.back().context.path) ids.push_back(message.id.get());
    return ids;
  }
  Result<void> erase() {
    Answer<Result<void>> erased;
    engine->erase(user, name(), erased.done());
    executor.run();
    return *erased;
  }
};

using Names = std::vector<std::string>;

TEST_F(EngineTest, AThreadIsMadeByItsFirstChange) {
  const SyncReply reply = synced({change_of(put("u1", "hello"))});

  EXPECT_EQ(text("u1"), "hello");
  EXPECT_TRUE(reply.outcomes.at(0).applied);
  ASSERT_EQ(reply.diff.messages.size(), 1u);
  EXPECT_EQ(std::get<SharedMessage>(reply.diff.messages[0])->id, mid("u1"));
  EXPECT_EQ(reply.cursor, (Cursor{reading().screen.now, engine->epoch()}));
}

TEST_F(EngineTest, ARunStreamsAndEnds) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", " two"), run_over(4)})));

  EXPECT_EQ(text("a1"), "one two");
  EXPECT_EQ(run("r1").status, RunStatus::completed);
  EXPECT_EQ(host.ends, std::vector{rid("r1")});
}

// --- Runs and who drives them --------------------------------------------------------------------

TEST_F(EngineTest, ARunIsDrivenOnlyWhenItsStartIsDurableAndVisible) {
  auto asked = ask_for(request({change_of(ask("r1", "u1", "hello"))}));
  while (log.commits == 0) {
    EXPECT_TRUE(host.starts.empty());
    ASSERT_TRUE(executor.step());
  }
  executor.run();

  ASSERT_EQ(host.starts.size(), 1u);
  EXPECT_TRUE(asked.has_come());
  EXPECT_EQ(path_given(), (Names{"u1"}));
  EXPECT_EQ(host.starts[0].context.settings, "{\"agent\":\"default\",\"params\":null}");
  EXPECT_EQ(host.starts[0].agent, AgentName("default"));
}

TEST_F(EngineTest, TheNextRunGetsTheTextOfTheFormerOne) {
  start_streaming();
  synced({change_of(ask("r2", "u2", "and?"))});
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  EXPECT_EQ(host.starts.size(), 1u);

  ASSERT_TRUE(write(batch("r1", {run_over(3)})));

  ASSERT_EQ(host.starts.size(), 2u);
  EXPECT_EQ(path_given(), (Names{"u1", "a1", "u2"}));
  EXPECT_EQ(text_of(host.starts[1].context.path[1]), "one");
}

TEST_F(EngineTest, TheDriverOfARunIsToldThatAStopEndedIt) {
  start_streaming();

  synced({change_of(stop("r1"))});

  EXPECT_EQ(host.ends, std::vector{rid("r1")});
  EXPECT_EQ(metrics.runs_ended.size(), 1u);
}

TEST_F(EngineTest, TheInputOfAModelCanBeReadAtAnyLaterTime) {
  start_streaming();
  const Context given = host.starts.at(0).context;
  ASSERT_TRUE(write(batch("r1", {run_over(2)})));
  synced({change_of(put("u1", "edited"))});
  synced({change_of(DeleteMessage{mid("u1")})});
  restart();

  const auto context = engine->context(user, name(), rid("r1"));

  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->context.path, given.path);
  EXPECT_EQ(context->context.settings, given.settings);
  EXPECT_EQ(engine->context(user, name(), rid("r9")).error().code, "unknown_run");
}

TEST_F(EngineTest, ARunThatWaitsHasNoContextYet) {
  start_streaming();
  synced({change_of(ask("r2", "u2", "next"))});

  const auto context = engine->context(user, name(), rid("r2"));

  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().code, "not_started");
}

TEST_F(EngineTest, ARestartEndsInterruptedRunsAndKeepsShownText) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  synced({change_of(ask("r2", "u2", "and?"))});

  restart();

  EXPECT_EQ(text("a1"), "one");
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  ASSERT_TRUE(run("r1").error.has_value());
  EXPECT_EQ(run("r1").error->code, "interrupted");
  EXPECT_EQ(run("r2").status, RunStatus::interrupted);
  EXPECT_EQ(run("r2").input.size(), 1u);
}

TEST_F(EngineTest, ASecondRestartFindsNothingToEnd) {
  start_streaming();
  restart();
  const std::size_t count = entries().size();

  restart();

  EXPECT_EQ(metrics.states_loaded, 0u);
  EXPECT_EQ(entries().size(), count);
}

// --- Following -----------------------------------------------------------------------------------

TEST_F(EngineTest, AFollowerReadsEveryEntryOnceFromMemoryOrTheLog) {
  const Timestamp first = synced({change_of(put("u0", "before"))}).cursor.at;
  CountingFollower follower;
  ASSERT_TRUE(engine->join(user, name(), follower));
  start_streaming();
  for (std::uint64_t seq = 2; seq < 20; ++seq) {
    ASSERT_TRUE(write(batch("r1", {token(seq, "a1", ".")})));
  }
  const std::vector<Entry> from_memory = entries(first);
  EXPECT_EQ(metrics.entries_read_from_log, 0u);
  EXPECT_EQ(metrics.entries_read_from_tail, from_memory.size());
  engine->leave(name(), follower);

  const std::vector<Entry> from_log = entries(first);

  EXPECT_EQ(metrics.entries_read_from_log, from_log.size());
  EXPECT_EQ(from_log, from_memory);
  for (Timestamp previous = first; const Entry& entry : from_log) {
    EXPECT_EQ(entry.previous, previous);
    previous = entry.at;
  }
  EXPECT_EQ(entries(from_log[10].at), std::vector(from_log.begin() + 11, from_log.end()));
}

TEST_F(EngineTest, AThreadOfAnotherUserIsNotFollowed) {
  synced({change_of(put("u1", "hello"))});
  CountingFollower follower;

  EXPECT_EQ(engine->join(uid("bob"), name(), follower).error().code, "unknown_thread");
  EXPECT_EQ(engine->entries(uid("bob"), name(), {}, 1).error().code, "unknown_thread");
  EXPECT_TRUE(engine->entries(std::nullopt, name(), {}, 1).has_value());
}

TEST_F(EngineTest, ACursorIsCheckedBeforeItIsFollowed) {
  const Cursor cursor = synced({change_of(put("u1", "hello"))}).cursor;

  EXPECT_TRUE(engine->check_cursor(user, name(), cursor));
  EXPECT_EQ(engine->check_cursor(user, name(), {cursor.at, Epoch(1)}).error().code,
            "unknown_history");
}

// --- Reading -------------------------------------------------------------------------------------

TEST_F(EngineTest, AThreadCanBeReadAsItWasAtAnyEntry) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  const Reading then = reading();
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", " two"), run_over(4)})));
  synced({change_of(put("a1", "edited"))});

  EXPECT_EQ(reading(then.screen.now).screen, then.screen);
  EXPECT_EQ(reading(then.screen.now).digest, then.digest);
  EXPECT_EQ(engine->read(user, name(), Timestamp(1)).error().code, "unknown_thread");
  EXPECT_EQ(engine->read(user, name(), Timestamp(9'999'999'999)).error().code, "unknown_history");
}

TEST_F(EngineTest, MessagesAboveAWindowAreReadPageByPage) {
  for (const char* id : {"m1", "m2", "m3", "m4"}) synced({change_of(put(id, id))});
  const Cursor cursor = reading().cursor;
  synced({change_of(put("m2", "edited"))});

  const auto page = engine->messages(user, name(), {mid("m4"), 2, std::nullopt});
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->messages.size(), 2u);
  EXPECT_EQ(text_of(*page->messages[0]), "edited");
  EXPECT_EQ(page->messages[1]->id, mid("m3"));
  EXPECT_TRUE(page->older);

  const auto then = engine->messages(user, name(), {mid("m4"), 9, cursor});
  ASSERT_EQ(then->messages.size(), 3u);
  EXPECT_EQ(text_of(*then->messages[1]), "m2");
  EXPECT_FALSE(then->older);
  EXPECT_EQ(engine->messages(user, name(), {mid("m9"), 2, {}}).error().code, "unknown_message");
}

// --- Deleting ------------------------------------------------------------------------------------

TEST_F(EngineTest, ADeletedThreadIsGoneForEverAndItsRunEnds) {
  start_streaming();
  CountingFollower follower;
  ASSERT_TRUE(engine->join(user, name(), follower));

  ASSERT_TRUE(erase());

  EXPECT_GE(follower.wakes, 1);
  EXPECT_EQ(engine->entries(user, name(), {}, 1).error().code, "deleted");
  engine->leave(name(), follower);
  EXPECT_EQ(host.ends, std::vector{rid("r1")});
  EXPECT_EQ(code_of(sync({change_of(put("u2", "again"))})), "deleted");
  EXPECT_EQ(write(batch("r1", {token(2, "a1", "x")})).error().code, "deleted");
  EXPECT_EQ(erase().error().code, "deleted");
  restart();
  EXPECT_EQ(code_of(sync({})), "deleted");
  user = uid("bob");
  EXPECT_EQ(code_of(sync({})), "unknown_thread");
}

TEST_F(EngineTest, ADeletionTakesTheBytesAlong) {
  start_streaming();
  ASSERT_TRUE(erase());

  EXPECT_TRUE(memory.read(ThreadNumber(1), {}, 10, 1000)->empty());
  for (Table table : {Table::views, Table::open_runs}) {
    EXPECT_TRUE(memory.scan({.table = table, .rows_max = 10})->empty());
  }
  EXPECT_TRUE(thread_flags::read(memory, thread_flags::erasing)->empty());
}

TEST_F(EngineTest, ADeletionThatWasCutShortIsFinishedByTheNextStart) {
  start_streaming();
  Answer<Result<void>> erased;
  engine->erase(user, name(), erased.done());
  const int commits = log.commits;
  while (log.commits == commits) ASSERT_TRUE(executor.step());
  engine.reset();  // the tombstone is durable, the bytes are there
  ASSERT_FALSE(memory.read(ThreadNumber(1), {}, 10, 1000)->empty());

  restart();

  EXPECT_EQ(code_of(sync({})), "deleted");
  EXPECT_TRUE(memory.read(ThreadNumber(1), {}, 10, 1000)->empty());
  EXPECT_TRUE(thread_flags::read(memory, thread_flags::erasing)->empty());
}

// The deletion itself is durable; the damaged bytes stay until a salvage leaves them out.
TEST_F(EngineTest, ADamagedThreadIsDeletedAndStopsNoStart) {
  start_streaming();
  log.spoil = ThreadNumber(1);

  ASSERT_TRUE(erase());

  EXPECT_EQ(code_of(sync({})), "deleted");
  restart();
  EXPECT_EQ(code_of(sync({})), "deleted");
  thread = tid("t2");
  EXPECT_TRUE(sync({change_of(put("u1", "hello"))}).has_value());
  EXPECT_FALSE(thread_flags::read(memory, thread_flags::erasing)->empty());

  log.spoil = std::nullopt;
  restart();
  EXPECT_TRUE(memory.read(ThreadNumber(1), {}, 10, 1000)->empty());
  EXPECT_TRUE(thread_flags::read(memory, thread_flags::erasing)->empty());
}

TEST_F(EngineTest, RequestsThatWaitBehindADeletionAreToldOfIt) {
  start_streaming();
  Answer<Result<void>> erased;
  engine->erase(user, name(), erased.done());
  auto change = ask_for(request({change_of(put("u2", "late"))}));
  auto steps = send(batch("r1", {token(2, "a1", "late")}));

  executor.run();

  EXPECT_EQ(code_of(*change), "deleted");
  EXPECT_EQ(steps->error().code, "deleted");
}

TEST_F(EngineTest, NumbersAreNotGivenTwice) {
  synced({change_of(put("u1", "hello"))});
  ASSERT_TRUE(erase());
  restart();
  thread = tid("t2");
  synced({change_of(put("u1", "hello"))});

  EXPECT_FALSE(memory.read(ThreadNumber(2), {}, 10, 1000)->empty());
  EXPECT_TRUE(memory.read(ThreadNumber(1), {}, 10, 1000)->empty());
}

// --- Stopping ------------------------------------------------------------------------------------

TEST_F(EngineTest, AStopEndsRunsKeepsShownTextAndRefusesFurtherInput) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  auto taken = ask_for(request({change_of(ask("r2", "u2", "and?"))}));
  bool stopped = false;
  engine->stop([&stopped] { stopped = true; });
  EXPECT_FALSE(stopped);
  auto late = ask_for(request({change_of(put("u3", "late"))}));
  auto late_steps = send(batch("r1", {token(3, "a1", "late")}));

  executor.run();

  EXPECT_TRUE(stopped);
  EXPECT_TRUE(taken->has_value());
  EXPECT_EQ(code_of(*late), "stopping");
  EXPECT_EQ(late_steps->error().code, "stopping");
  EXPECT_EQ(text("a1"), "one");
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  EXPECT_EQ(run("r1").error->code, "shutdown");
  EXPECT_EQ(run("r2").status, RunStatus::interrupted);
  EXPECT_TRUE(sync({}).has_value());
}

TEST_F(EngineTest, AStopWithNothingToDoIsDone) {
  bool stopped = false;

  engine->stop([&stopped] { stopped = true; });
  executor.run();

  EXPECT_TRUE(stopped);
}

TEST_F(EngineTest, AnEngineThatGoesAwayIsNotCalledBack) {
  start_streaming();
  auto sent = send(batch("r1", {token(2, "a1", "one")}));
  executor.step();

  engine.reset();
  executor.run();

  EXPECT_FALSE(sent.has_come());
}

}  // namespace
}  // namespace lockstep::test
