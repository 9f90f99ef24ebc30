// SPDX-License-Identifier: Apache-2.0
// The checks of a database's files before it is opened. Each test makes one damage that RocksDB
// alone does not notice.
#include "engine/rocks/rocks_files.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/rocks/record_walk.h"
#include "engine/rocks/rocks_kv.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class RocksFilesTest : public testing::Test {
 protected:
  using Opened = Result<std::unique_ptr<RocksKv>>;

  Opened open(std::size_t write_buffer_bytes = 1 << 20) {
    return RocksKv::open(path_, {.write_buffer_bytes = write_buffer_bytes}, fail_stop_);
  }
  Opened open_read_only() { return RocksKv::open_read_only(path_, {}); }

  // One row a commit.
  static void put(RocksKv& kv, int from, int to) {
    for (int row = from; row < to; ++row) {
      KvBatch batch;
      batch.put(KvTable::log, key(row), std::string(100, 'x') + std::to_string(row));
      batch.put(KvTable::log, "0-first", "");  // so each table spans those before it
      ASSERT_TRUE(kv.commit(batch).has_value());
    }
  }
  static std::string key(int row) { return std::to_string(100'000'000 + row) + "-thread"; }

  // The newest file with this in its name.
  [[nodiscard]] std::string file(std::string_view part) const {
    std::string newest;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      const bool is_it = name.find(part) != std::string::npos && name != "MANIFEST.known";
      if (is_it && entry.path().string() > newest) newest = entry.path().string();
    }
    return newest;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }
  static void write(const std::string& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }
  static std::string said(const Opened& opened) {
    return opened ? "" : opened.error().code + ": " + opened.error().detail;
  }
  static void expect_refused(const Opened& opened, const std::string& name) {
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, "corrupt");
    EXPECT_NE(opened.error().detail.find(name), std::string::npos) << opened.error().detail;
  }

  TempFolder folder_;
  std::string path_ = folder_.path() + "/rocks";
  FailStop fail_stop_{[](const std::string& reason) { ADD_FAILURE() << reason; }};
};

TEST_F(RocksFilesTest, AMissingCurrentIsNoNewStore) {
  put(**open(), 0, 100);
  fs::remove(path_ + "/CURRENT");
  const auto before = std::distance(fs::directory_iterator(path_), fs::directory_iterator());

  expect_refused(open(), "CURRENT is missing");
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), fs::directory_iterator()), before);
  expect_refused(open_read_only(), "CURRENT is missing");
}

TEST_F(RocksFilesTest, AStartThatDiedBeforeItsStoreWasMadeIsDoneAgain) {
  fs::create_directories(path_);
  write(path_ + "/MANIFEST-000001", "half of it");
  write(path_ + "/IDENTITY", "1");

  const auto opened = open();

  ASSERT_TRUE(opened.has_value()) << said(opened);
  put(**opened, 0, 10);
}

TEST_F(RocksFilesTest, AManifestThatIsCutBetweenTwoRecordsIsRefused) {
  put(**open(), 0, 100);
  put(**open(), 100, 200);  // opening has put the first into a table
  ASSERT_TRUE(open().has_value());
  const std::string manifest = file("MANIFEST-");
  const std::string bytes = read(manifest);
  std::size_t whole_cuts = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write(manifest, bytes.substr(0, size));
    RecordWalk walk;
    walk.block(bytes.substr(0, size));
    whole_cuts += walk.whole() == size ? 1 : 0;

    expect_refused(open(), "MANIFEST-");
  }
  EXPECT_GT(whole_cuts, 3U);
  write(manifest, bytes);
  EXPECT_EQ(said(open()), "");
}

TEST_F(RocksFilesTest, AnOlderManifestIsRefused) {
  put(**open(), 0, 100);
  const std::string current = read(path_ + "/CURRENT");
  const std::string older = file("MANIFEST-");
  const std::string bytes = read(older);
  put(**open(), 100, 200);
  write(older, bytes);
  write(path_ + "/CURRENT", current);

  expect_refused(open(), "is older than");
}

TEST_F(RocksFilesTest, ZerosWithinAWriteAheadLogAreNotPassedOver) {
  put(**open(), 0, 1000);
  const std::string log = file(".log");
  std::string bytes = read(log);
  // From a record's beginning to the end of its block: RocksDB skips this range without an error.
  RecordWalk walk;
  walk.block(bytes.substr(0, 5000));
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(walk.whole()),
            bytes.begin() + RecordWalk::block_bytes, '\0');
  write(log, bytes);

  expect_refused(open(), ".log is damaged at byte " + std::to_string(walk.whole()));
  expect_refused(open_read_only(), ".log is damaged");
}

TEST_F(RocksFilesTest, AReaderDoesNotGoRoundForEverInADamagedManifest) {
  put(**open(), 0, 100);
  const std::string manifest = file("MANIFEST-");
  const std::string bytes = read(manifest);
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    write(manifest, flipped);

    expect_refused(open_read_only(), "MANIFEST-");
  }
}

TEST_F(RocksFilesTest, AReaderShowsNoOlderTimeWhereATableIsMissing) {
  put(**open(), 0, 100);
  ASSERT_TRUE(open().has_value());
  const fs::path table = file(".sst");
  fs::remove(table);

  expect_refused(open_read_only(), table.stem().string());  // RocksDB tries an old ending of names
}

TEST_F(RocksFilesTest, ATableThatCannotBeOpenedIsNamed) {
  put(**open(), 0, 100);
  ASSERT_TRUE(open().has_value());
  const std::string table = file(".sst");
  std::string bytes = read(table);
  bytes[bytes.size() - 9] = static_cast<char>(bytes[bytes.size() - 9] ^ 1);  // of the footer
  write(table, bytes);

  expect_refused(open(), table.substr(table.rfind('/')) + " is damaged");
}

TEST_F(RocksFilesTest, ADamagedFilterIsFoundThoughAScanReadsEveryRow) {
  put(**open(), 0, 100);
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE((*open_read_only())->check_tables().has_value());
  const std::string table = file(".sst");
  const std::string bytes = read(table);
  int found_behind_whole_rows = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 11) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    write(table, flipped);
    const Opened opened = open_read_only();
    if (!opened) continue;
    const auto rows = (*opened)->scan(
        {.table = KvTable::log, .begin = {}, .end = {}, .rows_max = 1000, .bytes_max = 1 << 20});
    const bool found = !(*opened)->check_tables().has_value();

    EXPECT_TRUE(rows.has_value() || found) << "byte " << at;
    found_behind_whole_rows += rows.has_value() && found ? 1 : 0;
  }
  EXPECT_GT(found_behind_whole_rows, 0);
}

TEST_F(RocksFilesTest, ATornTailIsCutOffAndCounted) {
  put(**open(), 0, 100);
  const std::string log = file(".log");
  const std::string bytes = read(log);
  const std::string record = bytes.substr(0, 60);  // the beginning of one that has not ended
  write(log, bytes + record);

  const Opened opened = open();

  ASSERT_TRUE(opened.has_value()) << said(opened);
  EXPECT_EQ((*opened)->dropped_bytes(), record.size());
  EXPECT_TRUE((*opened)->get(KvTable::log, key(99))->has_value());
}

// The store of a process that has died while a table was being written: two logs count.
class TwoLogsTest : public RocksFilesTest {
 protected:
  void SetUp() override {
    {
      auto kv = open(buffer_bytes);
      ASSERT_TRUE(kv.has_value());
      ASSERT_TRUE((*kv)->database().PauseBackgroundWork().ok());
      first_ = file(".log");
      for (rows_ = 0; rows_ < rows_max && file(".log") == first_; ++rows_) {
        put(**kv, rows_, rows_ + 1);
      }
      ASSERT_LT(rows_, rows_max);
      put(**kv, rows_, rows_ + 10);
      rows_ += 10;
      second_ = file(".log");
      fs::copy(path_, copy_);
      ASSERT_TRUE((*kv)->database().ContinueBackgroundWork().ok());
    }
    fs::remove_all(path_);
    fs::rename(copy_, path_);
  }

  // Where a record begins.
  static std::size_t record_in_last_block(const std::string& bytes) {
    RecordWalk walk;
    std::size_t at = 0;
    for (; bytes.size() - at > RecordWalk::block_bytes; at += RecordWalk::block_bytes) {
      walk.block(bytes.substr(at, RecordWalk::block_bytes));
    }
    walk.block(bytes.substr(at, 2000));
    EXPECT_GT(walk.whole(), at);
    return walk.whole();
  }

  static constexpr std::size_t buffer_bytes = 64 << 10;
  static constexpr int rows_max = 4000;
  std::string copy_ = folder_.path() + "/copy";
  std::string first_;
  std::string second_;
  int rows_ = 0;
};

TEST_F(TwoLogsTest, BothLogsAreRead) {
  for (const Opened& opened : {open_read_only(), open()}) {
    ASSERT_TRUE(opened.has_value()) << said(opened);
    for (int row = 0; row < rows_; ++row) {
      EXPECT_TRUE((*opened)->get(KvTable::log, key(row))->has_value()) << row;
    }
  }
}

TEST_F(TwoLogsTest, TheFirstMayNotBeShorter) {
  const std::string bytes = read(first_);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2}) {
    write(first_, bytes.substr(0, size));

    expect_refused(open_read_only(), "log");
    expect_refused(open(), "log");
  }
  write(first_, bytes);
  EXPECT_EQ(said(open()), "");
}

// As long as it was, but for the last records.
TEST_F(TwoLogsTest, TheFirstMayNotEndInZeros) {
  std::string bytes = read(first_);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(record_in_last_block(bytes)), bytes.end(),
            '\0');
  write(first_, bytes);

  expect_refused(open_read_only(), first_.substr(first_.rfind('/')) + " is damaged: it ends");
  expect_refused(open(), first_.substr(first_.rfind('/')) + " is damaged: it ends");
}

TEST_F(TwoLogsTest, ALengthOfTheFirstMayNotPointBehindItsEnd) {
  std::string bytes = read(first_);
  bytes[record_in_last_block(bytes) + 5] = 'x';  // the upper half of a length
  write(first_, bytes);

  expect_refused(open_read_only(), first_.substr(first_.rfind('/')) + " is damaged: it ends");
  expect_refused(open(), first_.substr(first_.rfind('/')) + " is damaged: it ends");
}

TEST_F(TwoLogsTest, TheSecondMayEndEarly) {
  const std::string bytes = read(second_);
  write(second_, bytes.substr(0, bytes.size() - 1));

  const Opened opened = open();

  ASSERT_TRUE(opened.has_value()) << said(opened);
  EXPECT_GT((*opened)->dropped_bytes(), 0U);
  EXPECT_FALSE((*opened)->get(KvTable::log, key(rows_ - 1))->has_value());
  EXPECT_TRUE((*opened)->get(KvTable::log, key(rows_ - 2))->has_value());
}

// A table's rows have checksums; the footer's version, which selects their format, has no checksum.
TEST_F(RocksFilesTest, ATableThatCannotBeReadIsNamedThoughItCanBeOpened) {
  put(**open(), 0, 100);
  ASSERT_TRUE(open().has_value());
  const std::string table = file(".sst");
  std::string bytes = read(table);
  bytes[bytes.size() - 12] = static_cast<char>(bytes[bytes.size() - 12] ^ 4);
  write(table, bytes);
  const Opened opened = open();
  ASSERT_TRUE(opened.has_value()) << said(opened);

  const auto got = (*opened)->get(KvTable::log, key(50));
  const auto rows = (*opened)->scan(
      {.table = KvTable::log, .begin = {}, .end = {}, .rows_max = 1000, .bytes_max = 1 << 20});

  ASSERT_FALSE(got.has_value());
  EXPECT_NE(got.error().detail.find(table), std::string::npos) << got.error().detail;
  ASSERT_FALSE(rows.has_value());
  EXPECT_NE(rows.error().detail.find(table), std::string::npos) << rows.error().detail;
}

TEST_F(RocksFilesTest, NothingIsCountedWhereNothingIsTorn) {
  put(**open(), 0, 100);

  const Opened opened = open();

  EXPECT_EQ((*opened)->dropped_bytes(), 0U);
}

TEST_F(RocksFilesTest, WithoutTheKnownLengthTheStoreIsOpened) {
  put(**open(), 0, 100);
  fs::remove(path_ + "/MANIFEST.known");

  EXPECT_EQ(said(open()), "");
  EXPECT_TRUE(fs::exists(path_ + "/MANIFEST.known"));
}

// A store whose background work meets a damaged table: it stops once, as a disk may have failed,
// and from then on leaves its tables as they are.
TEST_F(RocksFilesTest, ADamagedTableStopsTheServerOnceAndNotAtEachStart) {
  constexpr std::size_t small = 64 << 10;
  constexpr int many = 4000;
  put(**open(small), 0, 300);
  ASSERT_TRUE(open(small).has_value());  // opening puts the rows into a table
  const std::string table = file(".sst");
  std::string bytes = read(table);
  bytes[100] = static_cast<char>(bytes[100] ^ 1);  // of the first rows
  write(table, bytes);

  int stops = 0;
  int next = 300;
  for (int start = 0; start < 4; ++start) {
    std::atomic<bool> stopped = false;
    FailStop fail_stop([&](const std::string& reason) {
      EXPECT_NE(reason.find("Corruption"), std::string::npos) << reason;
      stopped = true;
    });
    auto kv = RocksKv::open(path_, {.write_buffer_bytes = small}, fail_stop);
    ASSERT_TRUE(kv.has_value()) << said(kv);
    EXPECT_EQ((*kv)->compacts(), start == 0);
    for (const int end = next + (start == 0 ? 20 * many : many); next < end && !stopped; ++next)
      put(**kv, next, next + 1);
    EXPECT_TRUE(stopped || start > 0);
    EXPECT_FALSE((*kv)->get(KvTable::log, key(0)).has_value());
    EXPECT_TRUE((*kv)->get(KvTable::log, key(next - 2))->has_value());
    kv->reset();
    stops += stopped ? 1 : 0;
  }

  EXPECT_EQ(stops, 1);
}

}  // namespace
}  // namespace lockstep
