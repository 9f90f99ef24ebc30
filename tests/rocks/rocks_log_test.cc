// SPDX-License-Identifier: Apache-2.0
// The folder of a store: which processes may open it, which users may read it, and how damaged
// files are found.
#include "engine/rocks/rocks_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/rocks/verify_log.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/step_executor.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class RocksLogTest : public testing::Test {
 protected:
  using Opened = Result<std::unique_ptr<RocksLog>>;

  Opened open() {
    return RocksLog::open(folder_.path(), {.executor = executor_, .random = random_},
                          [](const std::string&) { MUST(!"the disk is well"); });
  }
  Opened open_read_only() {
    return RocksLog::open_read_only(folder_.path(), {.executor = executor_, .random = random_});
  }

  static std::string code(const Opened& opened) { return opened ? "" : opened.error().code; }

  void append(RocksLog& rocks, std::uint64_t count, std::size_t bytes = 100) {
    if (!follows_) rocks.log().follow([](std::span<const Committed>) {});
    follows_ = true;
    std::uint64_t answered = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto entry = std::make_shared<Entry>();
      entry->at = Timestamp(end_ + 1);
      rocks.log().append({.thread = ThreadNumber(1),
                          .expected = Timestamp(end_++),
                          .entry = entry,
                          .bytes = std::string(bytes, 'x'),
                          .rows = {}},
                         [&](const Result<CommitNumber>& result) {
                           EXPECT_TRUE(result.has_value());
                           ++answered;
                         });
    }
    ASSERT_TRUE(executor_.run_until([&] { return answered == count; }));
  }

  // The files of the database with this end of the name.
  std::vector<fs::path> files(std::string_view end) {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(folder_.path() + "/rocks")) {
      if (file.path().string().ends_with(end) && file.file_size() > 0) found.push_back(file.path());
    }
    return found;
  }

  static void flip_bit(const fs::path& path, std::size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  // A process that writes and then dies without closing anything.
  void write_and_die(std::uint64_t count) {
    pid_t child = ::fork();
    if (child == 0) {
      auto rocks = open();
      if (!rocks) ::_exit(1);
      append(**rocks, count);
      ::_exit(HasFatalFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }

  TempFolder folder_;
  StepExecutor executor_;
  FixedRandom random_{1};
  std::uint64_t end_ = 0;
  bool follows_ = false;
};

TEST_F(RocksLogTest, OneProcessWritesAtATime) {
  auto first = open();
  ASSERT_TRUE(first.has_value()) << first.error().detail;

  EXPECT_EQ(code(open()), "locked");
  first->reset();
  EXPECT_EQ(code(open()), "");
}

TEST_F(RocksLogTest, AFolderOfSomethingElseIsLeftAlone) {
  std::ofstream(folder_.path() + "/letters.txt") << "dear";

  EXPECT_EQ(code(open()), "not_a_store");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(RocksLogTest, AReaderSeesTheNewestCommitsOfARunningServer) {
  EXPECT_EQ(code(open_read_only()), "no_store");
  auto writer = std::move(*open());
  append(*writer, 100);

  auto reader = open_read_only();
  ASSERT_TRUE(reader.has_value()) << reader.error().detail;
  append(*writer, 50);
  auto later = open_read_only();
  ASSERT_TRUE(later.has_value()) << later.error().detail;

  EXPECT_EQ((*reader)->log().last_commit(), CommitNumber(100));
  EXPECT_EQ((*reader)->log().read(ThreadNumber(1), Timestamp(), 999, 1 << 20)->size(), 100U);
  EXPECT_EQ((*later)->log().last_commit(), CommitNumber(150));
  EXPECT_TRUE(verify_log((*later)->kv(), {})->problems.empty());
  append(*writer, 1);
}

TEST_F(RocksLogTest, AnAcknowledgedEntryOutlivesTheProcess) {
  write_and_die(200);

  auto rocks = open();

  ASSERT_TRUE(rocks.has_value()) << rocks.error().detail;
  EXPECT_EQ((*rocks)->log().last_commit(), CommitNumber(200));
  EXPECT_EQ((*rocks)->log().report().witness, CommitNumber(200));
}

TEST_F(RocksLogTest, ALogThatWasCutShortIsRefusedWithTheMissingCommits) {
  write_and_die(200);
  auto logs = files(".log");
  ASSERT_FALSE(logs.empty());
  auto newest = *std::ranges::max_element(logs);
  fs::resize_file(newest, fs::file_size(newest) / 2);

  auto rocks = open();

  ASSERT_FALSE(rocks.has_value());
  EXPECT_EQ(rocks.error().kind, Kind::corrupt);
  EXPECT_NE(rocks.error().detail.find("to 200 were acknowledged"), std::string::npos)
      << rocks.error().detail;
}

TEST_F(RocksLogTest, ALogThatIsGoneIsRefused) {
  write_and_die(200);
  for (const auto& log : files(".log")) fs::remove(log);

  auto rocks = open();

  ASSERT_FALSE(rocks.has_value());
  EXPECT_EQ(rocks.error().kind, Kind::corrupt) << rocks.error().detail;
}

TEST_F(RocksLogTest, AFlippedBitInTheLogIsRefused) {
  write_and_die(200);
  auto logs = files(".log");
  auto newest = *std::ranges::max_element(logs);
  flip_bit(newest, fs::file_size(newest) / 2);

  auto rocks = open();

  ASSERT_FALSE(rocks.has_value());
  EXPECT_EQ(rocks.error().kind, Kind::corrupt) << rocks.error().detail;
}

TEST_F(RocksLogTest, ATornRecordAtTheEndIsCut) {
  write_and_die(200);
  auto logs = files(".log");
  auto newest = *std::ranges::max_element(logs);
  // The first bytes of a record that a crash has cut off: checksum, length, kind, and too little.
  std::ofstream(newest, std::ios::app | std::ios::binary) << std::string("abcd\x40\x00\x01xyz", 10);

  auto rocks = open();

  ASSERT_TRUE(rocks.has_value()) << rocks.error().detail;
  EXPECT_EQ((*rocks)->log().last_commit(), CommitNumber(200));
}

TEST_F(RocksLogTest, AFlippedBitInATableIsNeverOtherData) {
  {
    auto rocks = std::move(*open());
    append(*rocks, 100, 2000);
  }
  {
    auto rocks = std::move(*open());
  }  // moves the rows of the log into tables
  auto tables = files(".sst");
  ASSERT_FALSE(tables.empty());
  auto biggest =
      *std::ranges::max_element(tables, {}, [](const auto& p) { return fs::file_size(p); });
  flip_bit(biggest, fs::file_size(biggest) / 3);

  auto rocks = open();

  if (!rocks) {
    EXPECT_EQ(rocks.error().kind, Kind::corrupt) << rocks.error().detail;
    return;
  }
  auto entries = (*rocks)->log().read(ThreadNumber(1), Timestamp(), 999, 1 << 30);
  ASSERT_FALSE(entries.has_value());
  EXPECT_EQ(entries.error().kind, Kind::corrupt);
}

}  // namespace
}  // namespace lockstep
