// SPDX-License-Identifier: Apache-2.0
// The table of open runs, from which a start finds them; over a store in memory.
#include "engine/store/open_runs.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/store/keys.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

// A thread whose entries write their rows into the store.
struct OpenRunsTest : testing::Test {
  SteppedExecutor executor;
  LogMemory memory{executor, Epoch(1)};
  Story story;
  std::size_t written = 0;

  void write(std::vector<RowWrite> rows) {
    Answer<Result<void>> answer;
    memory.write(std::move(rows), {}, answer.done());
    executor.run();
    ASSERT_TRUE(answer.has_come() && answer->has_value());
  }
  // The rows of the last entry. Requires: the story has one more than at the last call.
  std::vector<RowWrite> last_rows(ThreadNumber thread = ThreadNumber(7)) {
    MUST(++written == story.entries().size());
    return open_run_rows(thread, story.state(), story.entries().back());
  }
  void write_last() { write(last_rows()); }
  OpenRuns read() {
    auto open = read_open_runs(memory);
    MUST(open.has_value());
    return std::move(*open);
  }
  OpenRun open_run(const std::string& id) { return open_run_of(story.state(), story.run(id)); }
};

TEST_F(OpenRunsTest, AStoreWithoutRunsHasNoOpenOnes) {
  EXPECT_TRUE(read().threads.empty());
  EXPECT_TRUE(read().damaged.empty());
}

TEST_F(OpenRunsTest, ARunIsFoundFromItsStartToItsEnd) {
  story.start("r1", "u1", "hello");
  write_last();
  const OpenRuns open = read();
  ASSERT_EQ(open.threads.size(), 1u);
  EXPECT_EQ(open.threads[0].number, ThreadNumber(7));
  EXPECT_EQ(open.threads[0].thread, (ThreadName{uid("ann"), tid("thread")}));
  EXPECT_EQ(open.threads[0].running, open_run("r1"));

  ASSERT_TRUE(story.steps("r1", {EndRun{}}));
  write_last();

  EXPECT_TRUE(read().threads.empty());
}

TEST_F(OpenRunsTest, AnOpenRunHasTheFactsThatAStartNeeds) {
  story.start("r1", "u1", "hello");
  const Timestamp started = story.now();
  story.start("r2", "u2", "and then?");
  const auto& first = story.run("r1");

  EXPECT_EQ(open_run("r1"), (OpenRun{{uid("ann"), tid("thread")},
                                     rid("r1"),
                                     RunStatus::running,
                                     1,
                                     first.agent,
                                     started,
                                     *first.settings}));
  EXPECT_EQ(open_run("r2"), (OpenRun{{uid("ann"), tid("thread")},
                                     rid("r2"),
                                     RunStatus::queued,
                                     1,
                                     first.agent,
                                     Timestamp(),
                                     Hash()}));
}

TEST_F(OpenRunsTest, AnEntryThatIsAboutNoRunChangesNoRow) {
  story.start("r1", "u1", "hello");
  write_last();

  ASSERT_TRUE(story.steps("r1", {OpenMessage{mid("a1"), {}, Role::assistant, {}}}));

  EXPECT_TRUE(last_rows().empty());
  EXPECT_EQ(read().threads.size(), 1u);
}

// It is queued and started by two events of one entry.
TEST_F(OpenRunsTest, ARunIsOneRowOfAnEntryThatNamesItTwice) {
  story.start("r1", "u1", "hello");

  const std::vector<RowWrite> rows = last_rows();

  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].table, Table::open_runs);
  EXPECT_EQ(rows[0].stamp, RowWrite::Stamp::none);
  EXPECT_EQ(rows[0].key, keys::open_run({ThreadNumber(7), 0}));
  EXPECT_TRUE(rows[0].value.has_value());
}

TEST_F(OpenRunsTest, AThreadWithSeveralOpenRunsIsFoundOnceWithTheOneThatRuns) {
  story.start("r1", "u1", "hello");
  write_last();
  story.start("r2", "u2", "and then?");
  write_last();
  ASSERT_EQ(read().threads.size(), 1u);
  EXPECT_EQ(read().threads[0].running, open_run("r1"));

  // The first ends and the second starts, in one entry.
  ASSERT_TRUE(story.steps("r1", {EndRun{}}));
  write_last();

  ASSERT_EQ(read().threads.size(), 1u);
  EXPECT_EQ(read().threads[0].running, open_run("r2"));
}

TEST_F(OpenRunsTest, AThreadWhoseRunsOnlyWaitHasNoneRunning) {
  story.start("r1", "u1", "hello");
  write_last();
  story.start("r2", "u2", "and then?");
  std::vector<RowWrite> rows = last_rows();
  rows.push_back({.table = Table::open_runs,
                  .key = keys::open_run({ThreadNumber(7), 0}),
                  .value = std::nullopt});
  write(std::move(rows));

  ASSERT_EQ(read().threads.size(), 1u);
  EXPECT_EQ(read().threads[0].running, std::nullopt);
}

TEST_F(OpenRunsTest, ARunThatEndsInAnyWayIsOpenNoMore) {
  const auto ends = std::vector<std::pair<const char*, void (*)(Story&)>>{
      {"completed", [](Story& it) { it.steps("r1", {EndRun{}}); }},
      {"failed", [](Story& it) { it.steps("r1", {EndRun{RunStatus::failed, {}, {}}}); }},
      {"stopped", [](Story& it) { it.stop("r1", it.now()); }},
      {"interrupted", [](Story& it) { it.crash(); }},
  };
  for (const auto& [how, end] : ends) {
    SCOPED_TRACE(how);
    Story told;
    told.start("r1", "u1", "hello");
    end(told);

    const auto rows = open_run_rows(ThreadNumber(7), told.state(), told.entries().back());

    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].key, keys::open_run({ThreadNumber(7), 0}));
    EXPECT_EQ(rows[0].value, std::nullopt);
  }
}

TEST_F(OpenRunsTest, RunsBeyondOnePageOfTheStoreAreReadToo) {
  story.start("r1", "u1", "hello");
  story.start("r2", "u2", "and then?");
  const std::uint32_t count = limits::list_max + 1;
  std::vector<RowWrite> rows;
  for (std::uint32_t thread = 1; thread <= count; ++thread) {
    for (const std::uint32_t number : {0u, 1u}) {
      if (thread == 1 && number == 1) continue;  // so that a page ends between the two of another
      const std::string key = keys::open_run({ThreadNumber(thread), number});
      const std::string id = number == 0 ? "r1" : "r2";
      rows.push_back({.table = Table::open_runs, .key = key, .value = encode(key, open_run(id))});
    }
  }
  write(std::move(rows));

  const OpenRuns open = read();

  ASSERT_EQ(open.threads.size(), count);
  for (std::uint32_t thread = 1; thread <= count; ++thread) {
    EXPECT_EQ(open.threads[thread - 1].number, ThreadNumber(thread));
    EXPECT_EQ(open.threads[thread - 1].running, open_run("r1"));
  }
}

TEST_F(OpenRunsTest, ARowThatCanNotBeReadIsToldWithItsThreadAndTheOthersAreRead) {
  story.start("r1", "u1", "hello");
  write_last();
  const std::string good = keys::open_run({ThreadNumber(7), 0});
  const std::string moved = keys::open_run({ThreadNumber(9), 0});
  write(
      {{.table = Table::open_runs, .key = keys::open_run({ThreadNumber(5), 0}), .value = "damaged"},
       {.table = Table::open_runs, .key = moved, .value = encode(good, open_run("r1"))}});

  const OpenRuns open = read();

  ASSERT_EQ(open.threads.size(), 1u);
  EXPECT_EQ(open.threads[0].number, ThreadNumber(7));
  EXPECT_EQ(open.damaged, (std::vector{ThreadNumber(5), ThreadNumber(9)}));
}

TEST_F(OpenRunsTest, AKeyThatNamesNoRunIsCorrupt) {
  write({{.table = Table::open_runs, .key = "short", .value = "any"}});

  const auto open = read_open_runs(memory);

  ASSERT_FALSE(open.has_value());
  EXPECT_EQ(open.error().kind, Kind::corrupt);
}

}  // namespace
}  // namespace lockstep::test
