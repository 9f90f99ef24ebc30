// SPDX-License-Identifier: Apache-2.0
// The database frees memory when it is at rest, and keeps it while it is used.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <chrono>
#include <thread>

#include "engine/rocks/rocks_kv.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep {
namespace {

constexpr std::size_t row_bytes = 64 << 10;
constexpr std::size_t much = 2 * limits::rest_bytes;

// Does not compress, so that a table on the disk is as large as its rows.
std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::string text(bytes, '\0');
  std::uint64_t state = seed + 1;
  for (char& byte : text) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
  return text;
}

class RestTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = RocksKv::open(folder_.path() + "/rocks", {}, fail_stop_);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    kv_ = std::move(*opened);
  }

  static std::string key(std::size_t row) { return "row " + std::to_string(1'000'000 + row); }
  void write(std::size_t bytes) {
    KvBatch batch;
    for (std::size_t end = rows_ + bytes / row_bytes; rows_ < end; ++rows_) {
      batch.put(KvTable::log, key(rows_), noise(row_bytes, rows_));
    }
    ASSERT_TRUE(kv_->commit(batch).has_value());
  }
  void read_all() {
    for (std::size_t row = 0; row < rows_; ++row) {
      auto value = kv_->get(KvTable::log, key(row));
      ASSERT_TRUE(value && *value);
      ASSERT_EQ(**value, noise(row_bytes, row));
    }
  }
  // In memtables that the database has not begun to flush.
  [[nodiscard]] std::size_t being_filled() const {
    std::uint64_t bytes = 0;
    const std::string property = rocksdb::DB::Properties::kCurSizeActiveMemTable;
    MUST(kv_->database().GetAggregatedIntProperty(property, &bytes));
    return bytes;
  }
  // Background threads write the tables; this waits for them.
  [[nodiscard]] bool unwritten_falls_below(std::size_t bytes) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (kv_->memory().unwritten >= bytes) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  TempFolder folder_;
  FailStop fail_stop_{[](const std::string&) { MUST(!"the disk is well"); }};
  std::unique_ptr<RocksKv> kv_;
  std::size_t rows_ = 0;
};

TEST_F(RestTest, AnIdleDatabaseHoldsNoUnwrittenRows) {
  write(much);
  kv_->rest();  // so much was written since the last look
  ASSERT_GE(kv_->memory().unwritten, much);

  kv_->rest();

  EXPECT_TRUE(unwritten_falls_below(limits::rest_bytes));
  read_all();
}

TEST_F(RestTest, ADiskThatIsWrittenToIsLeftAlone) {
  for (int look = 0; look < 3; ++look) {
    write(limits::rest_bytes);
    kv_->rest();
  }

  EXPECT_GE(being_filled(), 3 * limits::rest_bytes);
}

TEST_F(RestTest, LittleThatIsUnwrittenIsNotWorthAFile) {
  write(limits::rest_bytes / 2);
  kv_->rest();

  kv_->rest();

  EXPECT_GE(being_filled(), limits::rest_bytes / 2);
}

TEST_F(RestTest, UnusedBlocksAreFreedAndTheirRowsCanStillBeRead) {
  write(much);
  kv_->rest();
  kv_->rest();
  ASSERT_TRUE(unwritten_falls_below(limits::rest_bytes));
  read_all();
  kv_->rest();  // so much was read since the last look
  ASSERT_GE(kv_->memory().cache, much);

  kv_->rest();

  EXPECT_LE(kv_->memory().cache, limits::rest_bytes);
  read_all();
  EXPECT_GE(kv_->memory().cache, much) << "the cache has its room again";
}

}  // namespace
}  // namespace lockstep
