// SPDX-License-Identifier: Apache-2.0
// log_contract.h: the contract that every log must keep.
//
// Each implementation has a `LogBed`, which makes the log, settles it and opens it again. Each runs
// the whole suite, from one file that includes this one and names the beds.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/store/epochs.h"
#include "engine/store/log.h"
#include "engine/store/store.h"
#include "tests/rocks/step_executor.h"

namespace lockstep {

class LogBed {
 public:
  virtual ~LogBed() = default;
  virtual Log& log() = 0;
  virtual Store& store() = 0;
  // Commits all that waits, without running the executor. A log that commits by itself does
  // nothing.
  virtual void commit() = 0;
  // Closes and opens it again. False if nothing survives that.
  virtual bool reopen() = 0;

  StepExecutor executor;
};

struct LogKind {
  std::string name;
  std::unique_ptr<LogBed> (*make)();
};

inline void PrintTo(const LogKind& kind, std::ostream* out) { *out << kind.name; }

class LogContract : public testing::TestWithParam<LogKind> {
 protected:
  using Answer = Result<CommitNumber>;

  void SetUp() override {
    bed_ = GetParam().make();
    follow();
  }

  void follow() {
    bed_->log().follow([this](std::span<const Committed> committed) {
      EXPECT_TRUE(bed_->executor.runs_here());
      said_.push_back("commit of " + std::to_string(committed.size()));
      commits_.emplace_back(committed.begin(), committed.end());
    });
  }

  static Append entry(std::uint64_t thread, std::uint64_t expected, std::uint64_t at,
                      std::string bytes = "body", std::vector<RowWrite> rows = {}) {
    auto made = std::make_shared<Entry>();
    made->at = Timestamp(at);
    made->previous = Timestamp(expected);
    return {.thread = ThreadNumber(thread),
            .expected = Timestamp(expected),
            .entry = std::move(made),
            .bytes = std::move(bytes),
            .rows = std::move(rows)};
  }

  // Where the answer will stand.
  std::shared_ptr<std::optional<Answer>> append(Append append) {
    auto answer = std::make_shared<std::optional<Answer>>();
    ++asked_;
    bed_->log().append(std::move(append), [this, answer](Answer result) {
      EXPECT_TRUE(bed_->executor.runs_here());
      said_.push_back(result ? "done " + std::to_string(result->get()) : result.error().code);
      *answer = std::move(result);
      ++answered_;
    });
    return answer;
  }

  std::shared_ptr<std::optional<Result<void>>> write(std::vector<RowWrite> rows,
                                                     std::vector<ThreadNumber> erase = {}) {
    auto answer = std::make_shared<std::optional<Result<void>>>();
    ++asked_;
    bed_->log().write(std::move(rows), std::move(erase), [this, answer](Result<void> result) {
      *answer = std::move(result);
      ++answered_;
    });
    return answer;
  }

  void settle() {
    bed_->commit();
    ASSERT_TRUE(bed_->executor.run_until([this] {
      bed_->commit();
      return answered_ == asked_;
    }));
  }

  void reopen() {
    if (!bed_->reopen()) GTEST_SKIP() << "nothing survives this log";
    follow();
  }

  std::vector<StoredEntry> read(std::uint64_t thread, std::uint64_t after = 0,
                                std::uint32_t entries_max = 1000, std::size_t bytes_max = 1 << 20) {
    auto entries = bed_->log().read(ThreadNumber(thread), Timestamp(after), entries_max, bytes_max);
    EXPECT_TRUE(entries.has_value());
    return entries.value_or(std::vector<StoredEntry>{});
  }

  std::optional<std::string> get(Table table, std::string_view key) {
    auto value = bed_->store().get(table, key);
    EXPECT_TRUE(value.has_value());
    return value.value_or(std::nullopt);
  }

  std::vector<std::string> keys(const Scan& scan) {
    auto rows = bed_->store().scan(scan);
    EXPECT_TRUE(rows.has_value());
    std::vector<std::string> keys;
    for (const auto& row : *rows) keys.push_back(row.first);
    return keys;
  }

  static std::string number(std::uint64_t value) {
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<char>(value >> (8 * i) & 0xff);
    return bytes;
  }

  std::unique_ptr<LogBed> bed_;
  std::vector<std::string> said_;
  std::vector<std::vector<Committed>> commits_;
  int asked_ = 0;
  int answered_ = 0;
};

TEST_P(LogContract, AnAppendIsReadBackAsItWasWritten) {
  std::string bytes("\0\xff any bytes \n", 14);

  auto answer = append(entry(7, 0, 100, bytes));
  settle();

  ASSERT_TRUE(answer->has_value() && (*answer)->has_value());
  auto entries = read(7);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].at, Timestamp(100));
  EXPECT_EQ(entries[0].commit, CommitNumber(1));
  EXPECT_EQ(entries[0].bytes, bytes);
}

TEST_P(LogContract, NothingIsAnsweredFromWithinTheCall) {
  auto answer = append(entry(1, 0, 1));

  EXPECT_FALSE(answer->has_value());
  settle();
  EXPECT_TRUE(answer->has_value());
}

TEST_P(LogContract, FollowersHearOfAnEntryBeforeItsWriter) {
  append(entry(1, 0, 1));
  settle();

  EXPECT_EQ(said_, (std::vector<std::string>{"commit of 1", "done 1"}));
  ASSERT_EQ(commits_.size(), 1U);
  EXPECT_EQ(commits_[0][0].thread, ThreadNumber(1));
  EXPECT_EQ(commits_[0][0].entry->at, Timestamp(1));
}

TEST_P(LogContract, AReportedEntryCanBeRead) {
  append(entry(1, 0, 1));
  settle();
  std::size_t seen = 0;
  bed_->log().append(entry(1, 1, 2), [&](Answer) {
    seen = read(1).size();
    ++answered_;
  });
  ++asked_;
  settle();

  EXPECT_EQ(seen, 2U);
  EXPECT_EQ(bed_->log().last_commit(), CommitNumber(2));
}

TEST_P(LogContract, CommitNumbersAreDenseOverAllThreads) {
  for (std::uint64_t thread = 1; thread <= 50; ++thread) append(entry(thread, 0, 10));
  settle();
  for (std::uint64_t thread = 1; thread <= 50; ++thread) append(entry(thread, 10, 20));
  settle();

  std::uint64_t next = 1;
  for (const auto& commit : commits_) {
    for (const Committed& committed : commit) {
      EXPECT_EQ(committed.commit, CommitNumber(next));
      ++next;
    }
  }
  EXPECT_EQ(next, 101U);
  EXPECT_EQ(bed_->log().last_commit(), CommitNumber(100));
}

TEST_P(LogContract, AnAppendThatExpectsAnotherEndWritesNothing) {
  append(entry(1, 0, 10));
  settle();

  auto stale = append(entry(1, 0, 20, "stale", {{Table::threads, "t", "stale"}}));
  auto ahead = append(entry(1, 15, 20, "ahead"));
  auto unknown = append(entry(2, 15, 20, "unknown"));
  settle();

  for (const auto& answer : {stale, ahead, unknown}) {
    ASSERT_TRUE(answer->has_value());
    ASSERT_FALSE((*answer)->has_value());
    EXPECT_EQ((*answer)->error().kind, Kind::conflict);
  }
  EXPECT_EQ(read(1).size(), 1U);
  EXPECT_TRUE(read(2).empty());
  EXPECT_EQ(get(Table::threads, "t"), std::nullopt);
  EXPECT_EQ(bed_->log().last_commit(), CommitNumber(1));
}

TEST_P(LogContract, OneOfTwoAppendsWithTheSameExpectedEndWins) {
  auto first = append(entry(1, 0, 10, "first"));
  auto second = append(entry(1, 0, 11, "second"));
  settle();

  EXPECT_TRUE((*first)->has_value());
  EXPECT_FALSE((*second)->has_value());
  ASSERT_EQ(read(1).size(), 1U);
  EXPECT_EQ(read(1)[0].bytes, "first");
}

TEST_P(LogContract, AppendsOfOneThreadMayFollowEachOtherUnanswered) {
  for (std::uint64_t at = 1; at <= 100; ++at) append(entry(1, at - 1, at, std::to_string(at)));
  settle();

  auto entries = read(1);
  ASSERT_EQ(entries.size(), 100U);
  for (std::uint64_t at = 1; at <= 100; ++at) {
    EXPECT_EQ(entries[at - 1].at, Timestamp(at));
    EXPECT_EQ(entries[at - 1].bytes, std::to_string(at));
  }
}

TEST_P(LogContract, RowsBecomeTrueWithTheirEntry) {
  append(entry(1, 0, 1, "one", {{Table::threads, "a", "1"}, {Table::views, number(1) + "m", "v"}}));
  settle();
  append(entry(1, 1, 2, "two", {{Table::threads, "a", std::nullopt}, {Table::feed, "u", ""}}));
  settle();

  EXPECT_EQ(get(Table::threads, "a"), std::nullopt);
  EXPECT_EQ(get(Table::views, number(1) + "m"), "v");
  EXPECT_EQ(get(Table::feed, "u"), "");
  EXPECT_EQ(get(Table::settings, "u"), std::nullopt);
}

TEST_P(LogContract, AStampIsTheEntrysCommitNumber) {
  append(entry(1, 0, 1));
  append(entry(2, 0, 1, "two",
               {{Table::feed, "u/", "thread", RowWrite::Stamp::key},
                {Table::threads, "t", "row", RowWrite::Stamp::value}}));
  settle();

  EXPECT_EQ(get(Table::feed, "u/" + number(2)), "thread");
  EXPECT_EQ(get(Table::threads, "t"), "row" + number(2));
}

TEST_P(LogContract, AReadStopsAtItsLimits) {
  for (std::uint64_t at = 1; at <= 10; ++at) append(entry(1, at - 1, at, std::string(1000, 'x')));
  settle();

  EXPECT_EQ(read(1, 0, 3).size(), 3U);
  EXPECT_EQ(read(1, 8).size(), 2U);
  EXPECT_EQ(read(1, 8)[0].at, Timestamp(9));
  EXPECT_TRUE(read(1, 10).empty());
  EXPECT_TRUE(read(1, ~std::uint64_t{0}).empty());
  EXPECT_EQ(read(1, 0, 10, 1).size(), 1U);
  EXPECT_EQ(read(1, 0, 10, 3500).size(), 4U);
  EXPECT_TRUE(read(9).empty());
}

TEST_P(LogContract, AReadMayBeginBetweenTwoEntries) {
  append(entry(1, 0, 10));
  append(entry(1, 10, 20));
  settle();

  EXPECT_EQ(read(1, 15).size(), 1U);
  EXPECT_EQ(read(1, 9).size(), 2U);
}

TEST_P(LogContract, AThreadEndsWhereTheNextBegins) {
  for (std::uint64_t thread : {1U, 255U, 256U, 257U}) append(entry(thread, 0, ~0ULL - thread));
  settle();

  for (std::uint64_t thread : {1U, 255U, 256U, 257U}) EXPECT_EQ(read(thread).size(), 1U);
}

TEST_P(LogContract, AScanGoesBothWaysWithinItsPrefix) {
  std::vector<RowWrite> rows;
  for (const char* key : {"a", "b/1", "b/2", "b/3", "c"}) rows.push_back({Table::feed, key, "v"});
  rows.push_back({Table::feed, "b\xff", "v"});
  write(std::move(rows));
  settle();

  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys({.table = Table::feed, .prefix = "b/", .rows_max = 9}),
            (Keys{"b/1", "b/2", "b/3"}));
  EXPECT_EQ(keys({.table = Table::feed, .prefix = "b/", .after = "b/1", .rows_max = 1}),
            (Keys{"b/2"}));
  EXPECT_EQ(
      keys({.table = Table::feed, .prefix = "b/", .direction = Direction::backward, .rows_max = 9}),
      (Keys{"b/3", "b/2", "b/1"}));
  EXPECT_EQ(keys({.table = Table::feed,
                  .prefix = "b/",
                  .after = "b/3",
                  .direction = Direction::backward,
                  .rows_max = 9}),
            (Keys{"b/2", "b/1"}));
  EXPECT_EQ(keys({.table = Table::feed, .rows_max = 99}).size(), 6U);
  EXPECT_EQ(keys({.table = Table::feed, .prefix = "b\xff", .rows_max = 9}), (Keys{"b\xff"}));
  EXPECT_EQ(keys({.table = Table::feed, .prefix = "b", .after = "c", .rows_max = 9}), Keys{});
}

TEST_P(LogContract, ABigEntryIsOneEntry) {
  std::string big(9 << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>(i);

  append(entry(1, 0, 1, big));
  append(entry(1, 1, 2, "small"));
  append(entry(1, 2, 3, big));
  settle();

  EXPECT_EQ(read(1, 0, 10, 1).size(), 1U);
  auto entries = read(1, 0, 10, 64 << 20);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].bytes, big);
  EXPECT_EQ(entries[1].bytes, "small");
  EXPECT_EQ(entries[2].bytes, big);
}

TEST_P(LogContract, ErasedThreadsAreGoneAndOthersStay) {
  for (std::uint64_t thread = 1; thread <= 3; ++thread) {
    append(entry(thread, 0, 1, "a", {{Table::views, number(thread) + "m", "v"}}));
    append(entry(thread, 1, 2, "b"));
  }
  auto erased = write({{Table::threads, "t2", "tombstone"}}, {ThreadNumber(2)});
  settle();

  ASSERT_TRUE(erased->has_value() && (*erased)->has_value());
  EXPECT_EQ(read(1).size(), 2U);
  EXPECT_TRUE(read(2).empty());
  EXPECT_EQ(read(3).size(), 2U);
  EXPECT_EQ(get(Table::views, number(1) + "m"), "v");
  EXPECT_EQ(get(Table::views, number(2) + "m"), std::nullopt);
  EXPECT_EQ(get(Table::threads, "t2"), "tombstone");
  auto late = append(entry(2, 2, 3, "late"));
  settle();
  EXPECT_FALSE((*late)->has_value());
}

TEST_P(LogContract, AStampedRowWithoutAnEntryTakesANumberOfItsOwn) {
  append(entry(1, 0, 1));
  write({{Table::feed, "u/", "gone", RowWrite::Stamp::key}});
  auto next = append(entry(1, 1, 2));
  settle();

  EXPECT_EQ(get(Table::feed, "u/" + number(2)), "gone");
  EXPECT_EQ(**next, CommitNumber(3));
}

TEST_P(LogContract, AnEpochIsThereFromTheStart) {
  auto bytes = get(Table::meta, epochs_key);

  ASSERT_TRUE(bytes.has_value());
  EXPECT_TRUE(decode_epochs(*bytes).has_value());
}

TEST_P(LogContract, OpenedAgainItIsTheSame) {
  for (std::uint64_t thread = 1; thread <= 20; ++thread) {
    append(entry(thread, 0, 5, "a" + std::to_string(thread)));
    append(entry(thread, 5, 6, "b", {{Table::threads, std::to_string(thread), "row"}}));
  }
  write({}, {ThreadNumber(3)});
  settle();
  auto before = read(17);
  auto epochs = get(Table::meta, epochs_key);
  CommitNumber last = bed_->log().last_commit();

  reopen();
  if (IsSkipped() || HasFatalFailure()) return;

  EXPECT_EQ(bed_->log().last_commit(), last);
  EXPECT_EQ(get(Table::meta, epochs_key), epochs);
  EXPECT_EQ(get(Table::threads, "17"), "row");
  EXPECT_TRUE(read(3).empty());
  auto after = read(17);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].at, before[i].at);
    EXPECT_EQ(after[i].commit, before[i].commit);
    EXPECT_EQ(after[i].bytes, before[i].bytes);
  }
  auto stale = append(entry(17, 5, 7));
  auto next = append(entry(17, 6, 7));
  settle();
  EXPECT_FALSE((*stale)->has_value());
  ASSERT_TRUE((*next)->has_value());
  EXPECT_EQ((*next)->value(), CommitNumber(last.get() + 1));
}

TEST_P(LogContract, ManyThreadsGrowSideBySide) {
  constexpr std::uint64_t threads = 200;
  constexpr std::uint64_t rounds = 20;

  for (std::uint64_t at = 1; at <= rounds; ++at) {
    for (std::uint64_t thread = 1; thread <= threads; ++thread) {
      append(entry(thread, at - 1, at, std::to_string(thread * at)));
    }
  }
  settle();

  EXPECT_EQ(bed_->log().last_commit(), CommitNumber(threads * rounds));
  for (std::uint64_t thread = 1; thread <= threads; ++thread) {
    auto entries = read(thread);
    ASSERT_EQ(entries.size(), rounds);
    EXPECT_EQ(entries.back().bytes, std::to_string(thread * rounds));
  }
}

}  // namespace lockstep
