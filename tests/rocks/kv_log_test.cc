// SPDX-License-Identifier: Apache-2.0
// The log over a disk that fails, lies, forgets and is damaged; and the stores that a start
// refuses.
#include "engine/rocks/kv_log.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/rocks/limits.h"
#include "engine/rocks/verify_log.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/step_executor.h"
#include "tests/sim/sim_kv.h"

namespace lockstep {
namespace {

using sim::DiskFault;

class KvLogTest : public testing::Test {
 protected:
  KvLogTest() { start(); }

  Result<std::unique_ptr<KvLog>> open(Access access = Access::read_write) {
    return KvLog::open({.kv = kv_,
                        .witness = witness_,
                        .fail_stop = *fail_stop_,
                        .executor = executor_,
                        .random = random_,
                        .access = access});
  }

  void start() {
    log_.reset();
    failure_.clear();
    fail_stop_ = std::make_unique<FailStop>([this](std::string why) { failure_ = std::move(why); });
    auto opened = open();
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    log_ = std::move(*opened);
    log_->follow([this](std::span<const Committed> committed) { reported_ += committed.size(); });
  }

  // Appends the next entry to a thread.
  void append(std::string bytes = "body", ThreadNumber thread = ThreadNumber(1)) {
    Timestamp& end = ends_[thread.get()];
    auto entry = std::make_shared<Entry>();
    entry->at = Timestamp(end.get() + 10);
    log_->append({.thread = thread,
                  .expected = std::exchange(end, entry->at),
                  .entry = entry,
                  .bytes = std::move(bytes),
                  .rows = {}},
                 [this](Result<CommitNumber> result) {
                   if (result) ++acknowledged_;
                   if (!result) refused_.push_back(result.error());
                 });
  }

  void settle() {
    while (log_->committer().run_once()) {
    }
    executor_.run();
  }

  Error error_of_opening() {
    log_.reset();
    auto opened = open();
    return opened ? Error{} : opened.error();
  }

  Error error_of_reading(std::uint64_t thread = 1) {
    auto entries = log_->read(ThreadNumber(thread), Timestamp(), 100, 1 << 20);
    return entries ? Error{} : entries.error();
  }

  std::string* value(std::uint64_t at, std::uint64_t thread = 1) {
    return disk_.row(KvTable::log, encode_key({ThreadNumber(thread), Timestamp(at)}));
  }

  std::vector<std::string> problems() {
    auto verified = verify_log(kv_, {});
    std::vector<std::string> found;
    for (const LogProblem& problem : verified->problems) found.push_back(problem.what);
    return found;
  }

  sim::SimDisk disk_;
  sim::SimKv kv_{disk_};
  sim::SimWitness witness_{disk_};
  StepExecutor executor_;
  FixedRandom random_{1};
  std::string failure_;
  std::unique_ptr<FailStop> fail_stop_;
  std::unique_ptr<KvLog> log_;
  std::map<std::uint64_t, Timestamp> ends_;
  std::size_t reported_ = 0;
  int acknowledged_ = 0;
  std::vector<Error> refused_;
};

// --- One flush for all ---------------------------------------------------------------------------

TEST_F(KvLogTest, AppendsDuringACommitBecomeOneCommit) {
  std::vector<std::size_t> commits;
  log_.reset();
  log_ = std::move(*open());
  log_->follow([&](std::span<const Committed> group) { commits.push_back(group.size()); });

  for (std::uint64_t thread = 1; thread <= 100; ++thread) append("body", ThreadNumber(thread));
  log_->committer().run_once();
  append();
  settle();

  EXPECT_EQ(commits, (std::vector<std::size_t>{100, 1}));
}

TEST_F(KvLogTest, AGroupEndsWhereItWouldGrowTooBig) {
  std::string half(limits::group_bytes_max / 2 + 1, 'x');

  for (std::uint64_t thread = 1; thread <= 3; ++thread) append(half, ThreadNumber(thread));
  log_->committer().run_once();
  executor_.run();

  EXPECT_EQ(acknowledged_, 1);
  settle();
  EXPECT_EQ(acknowledged_, 3);
}

TEST_F(KvLogTest, WhenTooMuchWaitsAppendsAreRefusedAndTheRestIsKept) {
  for (std::size_t i = 0; i < limits::commit_queue_jobs_max; ++i) append("x");
  append("one too many", ThreadNumber(2));
  executor_.run();

  ASSERT_EQ(refused_.size(), 1U);
  EXPECT_EQ(refused_[0].kind, Kind::overloaded);
  settle();
  EXPECT_EQ(acknowledged_, static_cast<int>(limits::commit_queue_jobs_max));
}

TEST_F(KvLogTest, TooManyBytesThatWaitAreRefusedToo) {
  std::string big(limits::message_bytes_max, 'x');
  std::size_t fit = limits::commit_queue_bytes_max / big.size();

  for (std::size_t i = 0; i <= fit; ++i) append(big, ThreadNumber(i + 1));
  executor_.run();

  EXPECT_EQ(refused_.size(), 1U);
}

TEST_F(KvLogTest, AClosedLogAnswersNoCaller) {
  append();
  log_->committer().run_once();
  log_.reset();

  executor_.run();

  EXPECT_EQ(reported_, 0U);
  EXPECT_EQ(acknowledged_, 0);
}

// --- The disk fails ------------------------------------------------------------------------------

TEST_F(KvLogTest, AFailureOfTheDiskStopsEverythingAndNothingIsAcknowledged) {
  for (DiskFault fault :
       {DiskFault::before_write, DiskFault::before_flush, DiskFault::after_flush}) {
    reported_ = 0;
    acknowledged_ = 0;
    disk_.fail_at(1, fault);

    append();
    settle();
    append();
    settle();

    EXPECT_NE(failure_, "");
    EXPECT_EQ(reported_, 0U);
    EXPECT_EQ(acknowledged_, 0);
    EXPECT_TRUE(refused_.empty());
    std::uint64_t kept = fault == DiskFault::after_flush ? 1 : 0;
    disk_.power_cut(0, true);
    start();
    EXPECT_EQ(log_->last_commit(), CommitNumber(kept));
    ends_.clear();
  }
}

TEST_F(KvLogTest, AnUnflushedWriteMaySurviveUnacknowledged) {
  append("one");
  settle();
  disk_.fail_at(1, DiskFault::before_flush);
  append("two");
  settle();

  disk_.power_cut(1, true);
  start();

  EXPECT_EQ(log_->last_commit(), CommitNumber(2));
  EXPECT_EQ(log_->read(ThreadNumber(1), Timestamp(), 9, 999)->size(), 2U);
  EXPECT_TRUE(problems().empty());
}

TEST_F(KvLogTest, ADiskThatLiedIsFoundOut) {
  append("one");
  settle();
  disk_.lie();
  append("two");
  append("three");
  settle();
  log_->committer().sync_witness();
  EXPECT_EQ(acknowledged_, 3);

  disk_.power_cut(0, true);
  Error error = error_of_opening();

  EXPECT_EQ(error.kind, Kind::corrupt);
  EXPECT_EQ(error.detail,
            "commits 2 to 3 were acknowledged and are missing: the log was damaged or replaced");
}

// --- A start -------------------------------------------------------------------------------------

TEST_F(KvLogTest, ANewStoreSaysSoAndDrawsAnEpochThatStays) {
  EXPECT_TRUE(log_->report().created);
  Epoch epoch = log_->epochs().current;

  append();
  settle();
  start();

  EXPECT_FALSE(log_->report().created);
  EXPECT_EQ(log_->report().last, CommitNumber(1));
  EXPECT_EQ(log_->report().witness, CommitNumber(1));
  EXPECT_EQ(log_->epochs().current, epoch);
}

TEST_F(KvLogTest, AStartSaysIfItHasNoMark) {
  append();
  settle();
  disk_.set_witness(std::nullopt);

  start();

  EXPECT_EQ(log_->report().witness, std::nullopt);
}

TEST_F(KvLogTest, AMarkOfAStoreThatIsGoneIsRefused) {
  sim::SimDisk empty;
  empty.set_witness(CommitNumber(7));
  sim::SimKv kv(empty);
  sim::SimWitness witness(empty);

  auto opened = KvLog::open({kv, witness, *fail_stop_, executor_, random_});

  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, Kind::corrupt);
}

TEST_F(KvLogTest, ANewerFormatIsRefusedByName) {
  *disk_.row(KvTable::meta, std::string(format_key)) = encode_number(log_format_version + 1);

  EXPECT_EQ(error_of_opening().code, "newer_format");
}

TEST_F(KvLogTest, RowsWithoutAFormatAreNotAStore) {
  disk_.lose(KvTable::meta, std::string(format_key));

  EXPECT_EQ(error_of_opening().code, "not_a_store");
}

TEST_F(KvLogTest, AReaderNeedsAStoreAndWritesNothing) {
  append();
  settle();
  log_ = std::move(*open(Access::read_only));

  append();
  executor_.run();

  ASSERT_EQ(refused_.size(), 1U);
  EXPECT_EQ(refused_[0].code, "read_only");
  EXPECT_EQ(log_->read(ThreadNumber(1), Timestamp(), 9, 999)->size(), 1U);
  sim::SimDisk empty;
  sim::SimKv kv(empty);
  sim::SimWitness witness(empty);
  auto none = KvLog::open({kv, witness, *fail_stop_, executor_, random_, Access::read_only});
  EXPECT_EQ(none.error().code, "no_store");
}

// --- Damage --------------------------------------------------------------------------------------

TEST_F(KvLogTest, AnyFlippedBitOfAnEntryIsFound) {
  append("some text");
  append("other text");
  settle();
  std::string sound = *value(10);

  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    std::string damaged = sound;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    *value(10) = damaged;
    EXPECT_EQ(error_of_reading().kind, Kind::corrupt) << bit;
  }
  EXPECT_EQ(problems(),
            (std::vector<std::string>{
                "the entry is damaged",
                "1 commit numbers have no entry, the first of them 1; by the log's tail "
                "it should be 0"}));
}

TEST_F(KvLogTest, AMissingEntryIsFoundByAReadPastIt) {
  for (int i = 0; i < 3; ++i) append();
  append("other thread", ThreadNumber(2));
  settle();

  disk_.lose(KvTable::log, encode_key({ThreadNumber(1), Timestamp(20)}));

  Error error = error_of_reading();
  EXPECT_EQ(error.kind, Kind::corrupt);
  EXPECT_EQ(error.detail, "the entry before entry 30 of thread number 1 is missing");
  EXPECT_FALSE(log_->read(ThreadNumber(1), Timestamp(10), 9, 999).has_value());
  EXPECT_TRUE(log_->read(ThreadNumber(1), Timestamp(20), 9, 999).has_value());
  EXPECT_EQ(error_of_reading(2), Error{});
  EXPECT_EQ(problems().size(), 2U);
}

TEST_F(KvLogTest, AMissingFirstEntryIsFound) {
  append();
  append();
  settle();

  disk_.lose(KvTable::log, encode_key({ThreadNumber(1), Timestamp(10)}));

  EXPECT_EQ(error_of_reading().kind, Kind::corrupt);
}

TEST_F(KvLogTest, SwappedEntriesAreFound) {
  append("one");
  append("two", ThreadNumber(2));
  settle();

  std::swap(*value(10, 1), *value(10, 2));

  EXPECT_EQ(error_of_reading(1).kind, Kind::corrupt);
  EXPECT_EQ(error_of_reading(2).kind, Kind::corrupt);
}

TEST_F(KvLogTest, AMissingLastEntryIsFoundByTheStart) {
  append();
  append();
  settle();

  disk_.lose(KvTable::log, encode_key({ThreadNumber(1), Timestamp(20)}));

  EXPECT_EQ(error_of_opening().detail, "the last commit's entry 20 of thread number 1 is missing");
}

TEST_F(KvLogTest, ADamagedTailRecordIsFoundByTheStart) {
  append();
  settle();

  (*disk_.row(KvTable::meta, std::string(tail_key)))[7] ^= 1;

  EXPECT_EQ(error_of_opening().kind, Kind::corrupt);
}

// --- The walk ------------------------------------------------------------------------------------

TEST_F(KvLogTest, AWalkAccountsForEveryNumberAlsoAfterErasures) {
  for (std::uint64_t thread = 1; thread <= 5; ++thread) {
    for (int i = 0; i < 4; ++i) append("body", ThreadNumber(thread));
  }
  settle();
  log_->write({{Table::feed, "u", "gone", RowWrite::Stamp::key}},
              {ThreadNumber(2), ThreadNumber(4)}, [](Result<void>) {});
  settle();
  append();
  settle();

  std::uint64_t seen = 0;
  LogVisitor visitor;
  visitor.entry = [](ThreadNumber, const StoredEntry& entry,
                     Timestamp previous) -> std::optional<std::string> {
    if (entry.at == Timestamp(50) && previous == Timestamp(40)) return "seen";
    return std::nullopt;
  };
  visitor.progress = [&seen](std::uint64_t entries) { seen = entries; };
  auto verified = verify_log(kv_, visitor);

  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->threads, 3U);
  EXPECT_EQ(verified->entries, 13U);
  EXPECT_EQ(verified->last, CommitNumber(22));
  EXPECT_EQ(verified->without, 9U);
  EXPECT_EQ(seen, 13U);
  ASSERT_EQ(verified->problems.size(), 1U);
  EXPECT_EQ(verified->problems[0].what, "seen");
  start();
  EXPECT_EQ(log_->last_commit(), CommitNumber(22));
}

}  // namespace
}  // namespace lockstep
