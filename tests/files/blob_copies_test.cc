// SPDX-License-Identifier: Apache-2.0
// Copies of blobs: in backups, and back.
#include "engine/files/blob_copies.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "engine/base/codes.h"
#include "engine/files/blob_files.h"
#include "tests/rocks/temp_folder.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;

const UserId ada("ada");

class BlobCopies : public testing::Test {
 protected:
  std::unique_ptr<BlobFiles> open(const std::string& folder) {
    auto files = BlobFiles::open(folder, BlobFiles::Mode::write, clock, 1 << 30);
    MUST(files.has_value());
    return std::move(*files);
  }
  static fs::path path(const std::string& folder, const BlobHash& hash) {
    return fs::path(folder) / "blobs" / blob_file::name_of(ada) / blob_file::name_of(hash);
  }
  void back_up(std::uint32_t number, std::vector<std::uint32_t> all) {
    BlobBackup backup(store.path(), backups.path(), {});
    ASSERT_TRUE(backup.copy());
    ASSERT_TRUE(backup.copy());
    ASSERT_TRUE(backup.finish(number, all));
  }

  TempFolder store;
  TempFolder backups;
  TempFolder restored;
  SteppedClock clock;
};

TEST_F(BlobCopies, ABackupHasTheBlobsOfItsTimeAndForgetsThoseThatNoBackupHas) {
  const auto files = open(store.path());
  const BlobHash first = *put(*files, ada, "a/b", "first");
  back_up(1, {1});
  ASSERT_TRUE(files->erase(ada, first, *files->made(ada, first)));
  const BlobHash second = *put(*files, ada, "a/b", "second");
  back_up(2, {1, 2});

  EXPECT_TRUE(verify_blobs(backups.path(), 1));
  EXPECT_TRUE(fs::exists(path(backups.path(), first)));
  EXPECT_EQ(blobs_of_backup(backups.path(), 2)->size(), 1);
  back_up(3, {2, 3});  // the first backup is removed
  EXPECT_FALSE(fs::exists(path(backups.path(), first)));
  ASSERT_TRUE(restore_blobs(backups.path(), 3, restored.path()));
  const auto back = open(restored.path());
  EXPECT_EQ(*read_all(*back, ada, second), "second");
  EXPECT_EQ(back->made(ada, second), files->made(ada, second));
}

TEST_F(BlobCopies, ADamagedBlobGetsNoBackupAndADamagedBackupIsFound) {
  const auto files = open(store.path());
  const BlobHash hash = *put(*files, ada, "a/b", std::string(1000, 'x'));
  back_up(1, {1});
  const auto damage = [&](const std::string& folder) {
    std::fstream file(path(folder, hash), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(700);
    file.put('y');
  };
  damage(backups.path());
  EXPECT_EQ(verify_blobs(backups.path(), 1).error().code, codes::corrupt);
  EXPECT_FALSE(restore_blobs(backups.path(), 1, restored.path()));
  EXPECT_EQ(check_blob(store.path(), *blobs_in(store.path())->begin())->facts.bytes, 1000);
  damage(store.path());
  TempFolder other;
  EXPECT_EQ(BlobBackup(store.path(), other.path(), {}).copy().error().code, codes::damaged_source);
  EXPECT_EQ(salvage_blobs(store.path(), other.path())->size(), 1);
}

TEST_F(BlobCopies, AStoreWithoutBlobsNeedsNone) {
  back_up(1, {1});
  EXPECT_FALSE(fs::exists(fs::path(backups.path()) / "blobs"));
  EXPECT_TRUE(verify_blobs(backups.path(), 1));
  EXPECT_TRUE(restore_blobs(backups.path(), 1, restored.path()));
}

}  // namespace
}  // namespace lockstep::test
