// SPDX-License-Identifier: Apache-2.0
// An upgrade that is interrupted at any write goes on at the next start.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_kv.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/power_cut_files.h"
#include "tests/rocks/step_executor.h"
#include "tests/upgrade/kept_store.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;
using sim::DiskFault;

constexpr std::uint32_t few_rows = 2;  // so that the kept store takes many writes

Result<void> open_and_close(Kv& kv, CommitWitness& witness, Access access,
                            std::uint64_t* writes = nullptr) {
  FailStop fail_stop([](const std::string&) {});
  StepExecutor executor;
  FixedRandom random(1);
  const auto log = KvLog::open({.kv = kv,
                                .witness = witness,
                                .fail_stop = fail_stop,
                                .executor = executor,
                                .random = random,
                                .access = access,
                                .told =
                                    [writes](const UpgradeProgress& step) {
                                      if (writes && !step.done) ++*writes;
                                    },
                                .upgrade_rows = few_rows});
  if (!log) return std::unexpected(log.error());
  return {};
}

// --- A disk of rows: every write fails in every way ----------------------------------------------

struct RowsDisk {
  explicit RowsDisk(const Tables& tables) : disk(disk_with(tables)) {}
  Result<void> open(Access access = Access::read_write, std::uint64_t* writes = nullptr) {
    sim::SimKv kv(disk);
    sim::SimWitness witness(disk);
    return open_and_close(kv, witness, access, writes);
  }
  Tables tables() {
    const sim::SimKv kv(disk);
    return tables_of(kv);
  }
  std::uint64_t format() {
    return *decode_number(*disk.row(KvTable::meta, std::string(format_key)));
  }
  sim::SimDisk disk;
};

struct CutUpgradeTest : testing::Test {
  CutUpgradeTest() {
    RowsDisk whole(former);
    EXPECT_TRUE(whole.open(Access::read_write, &writes).has_value());
    writes -= log_format_version - first_format;  // each step's first call comes before its writes
    upgraded = whole.tables();
  }
  // `survive`: how many batches, written and not flushed, survive a power cut.
  void cut(std::uint64_t write, DiskFault fault, std::size_t survive) {
    SCOPED_TRACE(testing::Message() << "write " << write << ", fault " << static_cast<int>(fault));
    RowsDisk cut(former);
    cut.disk.fail_at(write, fault);
    ASSERT_FALSE(cut.open().has_value());
    cut.disk.power_cut(survive, true);

    const bool begun = cut.format() != 1;
    EXPECT_EQ(begun, write > 1 || fault == DiskFault::after_flush || survive > 0);
    if (cut.tables() != upgraded) {
      EXPECT_EQ(cut.open(Access::read_only).error().code, "older_format");
    }
    ASSERT_TRUE(cut.open().has_value());
    EXPECT_EQ(cut.tables(), upgraded);
  }

  const Tables former = kept_tables("v1");
  Tables upgraded;
  std::uint64_t writes = 0;
};

TEST_F(CutUpgradeTest, KilledAtEveryWriteItContinuesAtTheNextStart) {
  ASSERT_GT(writes, 6u);
  for (std::uint64_t write = 1; write <= writes; ++write) {
    cut(write, DiskFault::before_flush, 0);
    cut(write, DiskFault::before_flush, 1);
    cut(write, DiskFault::after_flush, 0);
  }
}

TEST_F(CutUpgradeTest, OutOfRoomAtEveryWriteItContinuesAtTheNextStart) {
  for (std::uint64_t write = 1; write <= writes; ++write) cut(write, DiskFault::before_write, 0);
}

TEST_F(CutUpgradeTest, CutShortAtEveryStartItComesToItsEnd) {
  RowsDisk disk(former);
  std::uint64_t starts = 0;
  for (bool whole = false; !whole; ++starts) {
    ASSERT_LT(starts, 2 * writes);
    // The first write of a start succeeds, if there is one; the second fails.
    disk.disk.fail_at(2, DiskFault::before_write);
    whole = disk.open().has_value();
    disk.disk.power_cut(0, true);
  }
  EXPECT_GT(starts, 4u);
  EXPECT_EQ(disk.tables(), upgraded);
}

// --- The database itself, on files that lose unflushed bytes -------------------------------------

class FilesDisk {
 public:
  FilesDisk() : env_(power_cut_files(disk_)) {
    disk_.make_folder("/store");
    disk_.make_folder("/store/rocks");
    const fs::path folder = kept_folder("v1");
    for (const auto& file : fs::directory_iterator(folder / "rocks"))
      put(file.path(), "/store/rocks/");
    put(folder / "commits", "/store/");
  }

  Result<void> open_database() {
    auto kv =
        RocksKv::open("/store/rocks", {.write_buffer_bytes = 1 << 20, .env = env_.get()}, stop_);
    if (!kv) return std::unexpected(kv.error());
    kv_ = std::move(*kv);
    return {};
  }
  Result<void> upgrade() {
    PowerCutWitness witness(disk_);
    return open_and_close(*kv_, witness, Access::read_write);
  }
  void close() { kv_.reset(); }
  Tables tables() { return tables_of(*kv_); }
  PowerCutDisk& disk() { return disk_; }

 private:
  void put(const fs::path& from, const std::string& to) {
    std::ifstream file(from, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    const auto made = disk_.create(to + from.filename().string());
    MUST(made && disk_.append(*made, bytes) && disk_.flush(*made) && disk_.flush_folder(to));
  }

  PowerCutDisk disk_;
  std::unique_ptr<rocksdb::Env> env_;
  FailStop stop_{[](const std::string&) {}};
  std::unique_ptr<RocksKv> kv_;
};

// Its own writes and flushes.
constexpr std::uint64_t upgrade_operations_min = 12;

TEST(CutUpgrade, APowerCutAtAnyOperationOfTheDiskLosesNothingOfTheStore) {
  FilesDisk whole;
  ASSERT_TRUE(whole.open_database().has_value());
  const std::uint64_t begun = whole.disk().operations();
  ASSERT_TRUE(whole.upgrade().has_value());
  const std::uint64_t operations = whole.disk().operations() - begun;
  const Tables upgraded = whole.tables();
  ASSERT_GT(operations, upgrade_operations_min);

  FixedRandom random(7);
  for (std::uint64_t operation = 1; operation <= operations; ++operation) {
    SCOPED_TRACE(operation);
    FilesDisk cut;
    ASSERT_TRUE(cut.open_database().has_value());
    cut.disk().cut_at(operation);
    // The database does some of them in the background, so that there may be fewer this time: then
    // the power is cut behind the upgrade.
    const bool ended = cut.upgrade().has_value();
    EXPECT_TRUE(!ended || operation > upgrade_operations_min) << operation;
    cut.disk().cut();
    cut.close();
    cut.disk().power_on(random,
                        operation % 2 == 0 ? PowerCutDisk::Tear::yes : PowerCutDisk::Tear::no);

    const auto opened = cut.open_database();
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    const auto continued = cut.upgrade();
    ASSERT_TRUE(continued.has_value()) << continued.error().detail;
    EXPECT_EQ(cut.tables(), upgraded);
  }
}

}  // namespace
}  // namespace lockstep::test
