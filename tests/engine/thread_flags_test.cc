// SPDX-License-Identifier: Apache-2.0
// The flags of single threads that a start reads, over a store in memory.
#include "engine/store/thread_flags.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

using Threads = std::vector<ThreadNumber>;

struct ThreadFlagsTest : testing::Test {
  SteppedExecutor executor;
  LogMemory memory{executor, Epoch(1)};

  void write(std::vector<RowWrite> rows) {
    Answer<Result<void>> answer;
    memory.write(std::move(rows), {}, answer.done());
    executor.run();
    ASSERT_TRUE(answer.has_come() && answer->has_value());
  }
  void write(RowWrite row) { write(std::vector{std::move(row)}); }
  Threads read(std::string_view mark) {
    auto threads = thread_flags::read(memory, mark);
    EXPECT_TRUE(threads.has_value());
    return threads ? std::move(*threads) : Threads{};
  }
};

// A store whose scans fail after so many good ones.
class FailingStore : public Store {
 public:
  FailingStore(const Store& store, int scans) : store_(store), scans_(scans) {}
  [[nodiscard]] Result<std::optional<std::string>> get(Table table,
                                                       std::string_view key) const override {
    return store_.get(table, key);
  }
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const override {
    if (scans_-- == 0) return fail(Kind::unavailable, codes::storage_failed, "no disk");
    return store_.scan(scan);
  }

 private:
  const Store& store_;
  mutable int scans_;
};

TEST_F(ThreadFlagsTest, AStoreWithoutMarksHasNoMarkedThread) {
  EXPECT_TRUE(read(thread_flags::quarantined).empty());
  EXPECT_TRUE(read(thread_flags::erasing).empty());
}

TEST_F(ThreadFlagsTest, AThreadIsMarkedFromItsSettingToItsClearing) {
  write(thread_flags::set(thread_flags::erasing, ThreadNumber(7)));
  EXPECT_EQ(read(thread_flags::erasing), Threads{ThreadNumber(7)});

  write(thread_flags::clear(thread_flags::erasing, ThreadNumber(7)));
  EXPECT_TRUE(read(thread_flags::erasing).empty());
}

TEST_F(ThreadFlagsTest, AMarkMayBeSetAgainAndClearedWhereThereIsNone) {
  write({thread_flags::set(thread_flags::erasing, ThreadNumber(7)),
         thread_flags::set(thread_flags::erasing, ThreadNumber(7))});
  write(thread_flags::clear(thread_flags::erasing, ThreadNumber(8)));

  EXPECT_EQ(read(thread_flags::erasing), Threads{ThreadNumber(7)});
}

TEST_F(ThreadFlagsTest, TheTwoKindsOfMarkAreIndependent) {
  write({thread_flags::set(thread_flags::quarantined, ThreadNumber(1)),
         thread_flags::set(thread_flags::erasing, ThreadNumber(1)),
         thread_flags::set(thread_flags::erasing, ThreadNumber(2))});

  write(thread_flags::clear(thread_flags::erasing, ThreadNumber(1)));

  EXPECT_EQ(read(thread_flags::quarantined), Threads{ThreadNumber(1)});
  EXPECT_EQ(read(thread_flags::erasing), Threads{ThreadNumber(2)});
}

TEST_F(ThreadFlagsTest, AMarkOfOneThreadLeavesThoseWithOtherNumbersAlone) {
  const Threads all{ThreadNumber(0),
                    ThreadNumber(1),
                    ThreadNumber(0x2f),
                    ThreadNumber(0x100),
                    ThreadNumber(0x12f00000000),
                    ThreadNumber(~std::uint64_t{0})};
  for (const ThreadNumber thread : all) write(thread_flags::set(thread_flags::quarantined, thread));
  EXPECT_EQ(read(thread_flags::quarantined), all);  // in the order of their numbers

  for (const ThreadNumber thread : all) {
    write(thread_flags::clear(thread_flags::quarantined, thread));
    Threads others = all;
    std::erase(others, thread);
    EXPECT_EQ(read(thread_flags::quarantined), others) << thread.get();
    write(thread_flags::set(thread_flags::quarantined, thread));
  }
}

TEST_F(ThreadFlagsTest, MarksBeyondOnePageOfTheStoreAreReadToo) {
  for (const std::uint32_t count : {limits::list_max - 1, limits::list_max, limits::list_max + 1,
                                    2 * limits::list_max, 2 * limits::list_max + 1}) {
    SCOPED_TRACE(count);
    LogMemory fresh(executor, Epoch(1));
    std::vector<RowWrite> rows;
    Threads threads;
    for (std::uint32_t number = 1; number <= count; ++number) {
      threads.emplace_back(number);
      rows.push_back(thread_flags::set(thread_flags::erasing, threads.back()));
    }
    Answer<Result<void>> answer;
    fresh.write(std::move(rows), {}, answer.done());
    executor.run();

    const auto read = thread_flags::read(fresh, thread_flags::erasing);

    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, threads);
  }
}

TEST_F(ThreadFlagsTest, AMarkTakesNoCommitNumber) {
  const CommitNumber before = memory.last_commit();

  write({thread_flags::set(thread_flags::erasing, ThreadNumber(7)),
         thread_flags::clear(thread_flags::quarantined, ThreadNumber(7))});

  EXPECT_EQ(memory.last_commit(), before);
}

TEST_F(ThreadFlagsTest, AMarkThatNamesNoThreadIsCorrupt) {
  for (const char* number : {"", "1234567", "123456789"}) {
    SCOPED_TRACE(number);
    LogMemory damaged(executor, Epoch(1));
    Answer<Result<void>> answer;
    damaged.write(
        {{.table = Table::meta, .key = std::string(thread_flags::erasing) + number, .value = ""}},
        {}, answer.done());
    executor.run();

    const auto read = thread_flags::read(damaged, thread_flags::erasing);

    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, Kind::corrupt);
    EXPECT_TRUE(thread_flags::read(damaged, thread_flags::quarantined).has_value());
  }
}

TEST_F(ThreadFlagsTest, AFailureOfTheStoreIsNotTakenForTheEndOfTheMarks) {
  std::vector<RowWrite> rows;
  for (std::uint32_t number = 0; number <= limits::list_max; ++number) {
    rows.push_back(thread_flags::set(thread_flags::erasing, ThreadNumber(number)));
  }
  write(std::move(rows));

  for (const int scans : {0, 1}) {
    SCOPED_TRACE(scans);
    const auto read = thread_flags::read(FailingStore(memory, scans), thread_flags::erasing);

    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, "storage_failed");
  }
}

}  // namespace
}  // namespace lockstep::test
