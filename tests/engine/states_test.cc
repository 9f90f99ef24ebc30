// SPDX-License-Identifier: Apache-2.0
// The cache of thread states: the choice of threads in memory, and the quarantine of unreadable
// ones.
#include "engine/live/states.h"

#include <gtest/gtest.h>

#include "engine/store/keys.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct StatesTest : testing::Test, EngineFixture {
  void make_threads(std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) {
      thread = tid("other-" + std::to_string(number));
      synced({change_of(put("u1", "hello"))});
    }
    thread = tid("t1");
  }
};

// --- Keeping -------------------------------------------------------------------------------------

TEST_F(StatesTest, IdleThreadsAreKeptUpToABound) {
  make_threads(limits::idle_states_max + 10);

  EXPECT_EQ(metrics.states_in_memory, limits::idle_states_max);
}

TEST_F(StatesTest, TheOneUsedLongestAgoGoesFirst) {
  synced({change_of(put("u1", "first"))});
  make_threads(limits::idle_states_max - 1);
  static_cast<void>(reading());               // used again: others have waited longer
  make_threads(limits::idle_states_max + 1);  // two more than before
  const auto loaded = metrics.states_loaded;

  static_cast<void>(reading());

  EXPECT_EQ(metrics.states_loaded, loaded + 1);
  thread = tid("other-" + std::to_string(limits::idle_states_max));
  static_cast<void>(reading());
  EXPECT_EQ(metrics.states_loaded, loaded + 1);
}

TEST_F(StatesTest, AFollowedThreadAndOneWithAnOpenRunStay) {
  start_streaming();
  thread = tid("t2");
  synced({change_of(put("u1", "hello"))});
  CountingFollower follower;
  ASSERT_TRUE(engine->join(user, name(), follower));

  make_threads(limits::idle_states_max + 10);

  const auto loaded = metrics.states_loaded;
  static_cast<void>(reading());
  thread = tid("t2");
  static_cast<void>(reading());
  EXPECT_EQ(metrics.states_loaded, loaded);
  engine->leave(name(), follower);
}

TEST_F(StatesTest, AThreadThatWasLetGoIsReadAsItWas) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one"), run_over(3)})));
  synced({change_of(UpdateThread{"a title", {}, {}})});
  const Reading before = reading();
  make_threads(limits::idle_states_max + 10);

  const Reading after = reading();

  EXPECT_EQ(after.screen, before.screen);
  EXPECT_EQ(after.cursor, before.cursor);
  EXPECT_EQ(after.digest, before.digest);
}

TEST_F(StatesTest, AThreadThatWasOnlyAskedForIsNotKept) {
  const auto held = metrics.states_in_memory;
  for (int number = 0; number < 5; ++number) {
    thread = tid("nothing-" + std::to_string(number));
    static_cast<void>(sync({}));
    static_cast<void>(sync({change_of(stop("r1"))}));
    static_cast<void>(sync({}, Cursor{Timestamp(5), engine->epoch()}));
  }
  synced({change_of(put("u1", "hello"))});

  EXPECT_EQ(metrics.states_in_memory, held + 1);
}

// --- Opening -------------------------------------------------------------------------------------

TEST_F(StatesTest, AStartReadsOnlyThreadsWithOpenRuns) {
  make_threads(20);
  start_streaming();

  restart();

  EXPECT_EQ(metrics.states_loaded, 1u);
}

TEST_F(StatesTest, OnlyTheEntriesAfterTheViewsAreFolded) {
  synced({change_of(put("u1", "one"))});
  synced({change_of(put("u2", "two"))});
  restart();
  log.reads = 0;
  log.spoil = ThreadNumber(1);  // any read would find damage

  EXPECT_EQ(text("u2"), "two");
}

TEST_F(StatesTest, ViewsAreWrittenAgainBeforeTooManyEntriesLieBehindThem) {
  start_streaming();
  const auto rows_of_a1 = [this] {
    const std::string key = keys::snapshot_row(ThreadNumber(1), keys::MessagePlace{1});
    return memory.scan({.table = Table::views, .prefix = key, .rows_max = 1})->size();
  };
  EXPECT_EQ(rows_of_a1(), 0u);

  for (std::uint64_t seq = 2; seq < limits::snapshot_entries_max + 100; ++seq) {
    ASSERT_TRUE(write(batch("r1", {token(seq, "a1", ".")})));
  }

  EXPECT_EQ(rows_of_a1(), 1u);
  const std::string before = text("a1");
  restart();
  EXPECT_EQ(text("a1"), before);
}

// --- Damage --------------------------------------------------------------------------------------

TEST_F(StatesTest, ADamagedThreadIsCorruptAndTheRestIsServed) {
  start_streaming();
  thread = tid("t2");
  synced({change_of(put("u1", "hello"))});
  log.spoil = ThreadNumber(1);

  restart();

  EXPECT_EQ(text("u1"), "hello");
  thread = tid("t1");
  EXPECT_EQ(code_of(sync({})), "corrupt");
  EXPECT_EQ(code_of(sync({change_of(put("u2", "two"))})), "corrupt");
  EXPECT_EQ(engine->read(user, name(), {}).error().kind, Kind::corrupt);
  EXPECT_EQ(write(batch("r1", {token(2, "a1", "x")})).error().code, "corrupt");
  EXPECT_EQ(metrics.threads_quarantined, 1u);
}

TEST_F(StatesTest, ADamagedViewIsCorrupt) {
  synced({change_of(put("u1", "one"))});
  memory.write({{Table::views, keys::snapshot_row(ThreadNumber(1), keys::MessagePlace{0}), "spoilt",
                 RowWrite::Stamp::none}},
               {}, [](const Result<void>&) {});
  executor.run();

  restart();

  EXPECT_EQ(engine->read(user, name(), {}).error().code, "corrupt");
}

class Marker : public CrashMarker {
 public:
  [[nodiscard]] std::optional<ThreadNumber> found() const override { return left; }
  void set(ThreadNumber thread) override { sets.push_back(thread); }
  void clear() override {
    ++clears;
    left.reset();
  }

  std::optional<ThreadNumber> left;
  std::vector<ThreadNumber> sets;
  int clears = 0;
};

TEST_F(StatesTest, TheThreadThatIsBeingOpenedIsMarked) {
  synced({change_of(put("u1", "one"))});
  Marker marker;
  crash_mark = &marker;
  restart();
  const int clears = marker.clears;

  static_cast<void>(reading());

  EXPECT_EQ(marker.sets, std::vector{ThreadNumber(1)});
  EXPECT_EQ(marker.clears, clears + 1);
}

TEST_F(StatesTest, AThreadThatBroughtTheProcessDownIsQuarantinedForGood) {
  start_streaming();
  thread = tid("t2");
  synced({change_of(put("u1", "hello"))});
  Marker marker;
  marker.left = ThreadNumber(1);
  crash_mark = &marker;

  restart();

  thread = tid("t1");
  EXPECT_EQ(engine->read(user, name(), {}).error().code, "corrupt");
  EXPECT_TRUE(marker.sets.empty());
  restart();
  EXPECT_EQ(engine->read(user, name(), {}).error().code, "corrupt");
  thread = tid("t2");
  EXPECT_EQ(text("u1"), "hello");
}

}  // namespace
}  // namespace lockstep::test
