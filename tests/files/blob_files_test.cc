// SPDX-License-Identifier: Apache-2.0
// Blobs on a disk: whole or not there, each user's own, within a quota.
#include "engine/files/blob_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/base/codes.h"
#include "engine/rules/digest.h"
#include "tests/rocks/temp_folder.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;

const UserId ada("ada");
const UserId bob("bob");

class BlobDisk : public testing::Test {
 protected:
  std::unique_ptr<BlobFiles> open(std::uint64_t quota = 1 << 20) {
    auto files = BlobFiles::open(folder.path(), BlobFiles::Mode::write, clock, quota);
    MUST(files.has_value());
    return std::move(*files);
  }
  fs::path path(const UserId& user, const BlobHash& hash) const {
    return fs::path(folder.path()) / "blobs" / blob_file::name_of(user) / blob_file::name_of(hash);
  }
  std::size_t coming() const {
    const fs::directory_iterator files(fs::path(folder.path()) / "blobs" / "new");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  TempFolder folder;
  SteppedClock clock;
};

TEST(BlobHashes, HaveOneSpelling) {
  const BlobHash hash(sha256("abc"));
  const std::string text =
      "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  EXPECT_EQ(hash.text(), text);
  EXPECT_EQ(BlobHash::parse(text), hash);
  EXPECT_EQ(BlobHash::of_uri("blob:" + text), hash);
  std::string upper = text;
  upper[7] = 'B';
  for (const std::string& wrong :
       {upper, text.substr(1), text + "0", "blob:" + text, std::string("sha256-"), std::string()}) {
    EXPECT_FALSE(BlobHash::parse(wrong)) << wrong;
  }
  EXPECT_TRUE(BlobHash::is_blob_uri("blob:sha256-x"));
  EXPECT_FALSE(BlobHash::is_blob_uri("blob:https://a.example/1"));
}

TEST(BlobHeads, SayWhoseAndWhatAndNoticeEveryChangedByte) {
  const BlobHash hash(sha256("x"));
  const blob_file::Head head{ada, {1, "image/png"}};
  const std::string bytes = blob_file::encode(head, hash);

  ASSERT_EQ(bytes.size(), blob_file::head_bytes);
  const auto decoded = blob_file::decode(bytes, hash);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->user, ada);
  EXPECT_EQ(decoded->facts, head.facts);
  EXPECT_FALSE(blob_file::decode(bytes, BlobHash(sha256("y"))));
  for (std::size_t at = 0; at < bytes.find("  "); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(blob_file::decode(changed, hash)) << at;
  }
}

TEST_F(BlobDisk, KeepsWhatWasPutAcrossAStart) {
  const auto hash = put(*open(), ada, "image/png", "some bytes");

  ASSERT_TRUE(hash);
  const auto files = open();
  EXPECT_EQ(*files->find(ada, *hash), (BlobFacts{10, "image/png"}));
  EXPECT_EQ(*read_all(*files, ada, *hash), "some bytes");
  EXPECT_EQ(*files->read(ada, *hash, 5, 100), "bytes");
  EXPECT_EQ(*files->read(ada, *hash, 50, 100), "");
  EXPECT_EQ(*files->users(), std::vector{ada});
  ASSERT_EQ(files->list(ada)->size(), 1);
  EXPECT_EQ(files->list(ada)->front().bytes, 10);
}

TEST_F(BlobDisk, EachUserHasOnlyItsOwn) {
  const auto files = open();
  const BlobHash hash = *put(*files, ada, "a/b", "secret");

  EXPECT_EQ(*files->find(bob, hash), std::nullopt);
  EXPECT_EQ(files->read(bob, hash, 0, 6).error().code, codes::unknown_blob);
}

TEST_F(BlobDisk, AnUnfinishedWriterLeavesNothing) {
  const auto files = open();
  {
    auto writer = files->begin(ada, "a/b", 0);
    ASSERT_TRUE((*writer)->add("half"));
    EXPECT_EQ(coming(), 1);
  }
  EXPECT_EQ(coming(), 0);
  EXPECT_TRUE(files->users()->empty());
}

TEST_F(BlobDisk, AStartRemovesWhatACrashLeft) {
  const fs::path left = fs::path(folder.path()) / "blobs" / "new" / "7";
  open();
  std::ofstream(left) << "half";

  open();

  EXPECT_FALSE(fs::exists(left));
}

TEST_F(BlobDisk, AnUploadOfTheSameBytesKeepsTheirTypeAndGivesThemANewTime) {
  const auto files = open();
  const BlobHash hash = *put(*files, ada, "a/b", "same");
  const Timestamp first = *files->made(ada, hash);

  auto upload = files->begin(ada, "c/d", 4);
  ASSERT_TRUE((*upload)->add("same"));
  const auto again = (*upload)->finish();

  EXPECT_EQ(again->hash, hash);
  EXPECT_EQ(again->former, first);
  EXPECT_EQ(again->made, *files->made(ada, hash));

  EXPECT_EQ((*files->find(ada, hash))->media_type, "a/b") << "entries may name it without a type";
  EXPECT_GT(*files->made(ada, hash), first);
  // An eraser that saw the first upload leaves the second.
  EXPECT_TRUE(files->erase(ada, hash, first));
  EXPECT_TRUE(files->made(ada, hash));
  EXPECT_TRUE(files->erase(ada, hash, *files->made(ada, hash)));
  EXPECT_FALSE(files->made(ada, hash));
}

TEST_F(BlobDisk, BytesThatAreThereStayAsTheyAreAndDamagedOnesAreMended) {
  const auto files = open();
  const MadeBlob first = *make_blob(*files, ada, "a/b", "same");
  EXPECT_EQ(first.former, std::nullopt);
  const MadeBlob again = *make_blob(*files, ada, "c/d", "same");
  EXPECT_EQ(again.made, first.made);
  EXPECT_EQ(again.former, first.made);

  {
    std::fstream file(path(ada, first.hash), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('x');
  }
  ASSERT_FALSE(read_all(*files, ada, first.hash));
  ASSERT_TRUE(make_blob(*files, ada, "c/d", "same"));
  EXPECT_EQ(*read_all(*files, ada, first.hash), "same");
}

TEST_F(BlobDisk, AQuotaCountsWholeBlocksOfEachUser) {
  auto files = open(3 * 4096);
  ASSERT_TRUE(put(*files, ada, "a/b", std::string(4000, 'x')));  // with its head two blocks
  const BlobHash small = *put(*files, ada, "a/b", "1");

  EXPECT_EQ(put(*files, ada, "a/b", "2").error().code, codes::quota);
  EXPECT_TRUE(put(*files, bob, "a/b", "2"));
  EXPECT_EQ(put(*files, ada, "a/b", "1"), small) << "it takes no more room";
  files = open(3 * 4096);
  EXPECT_EQ(put(*files, ada, "a/b", "2").error().code, codes::quota);
  ASSERT_TRUE(files->erase(ada, small, *files->made(ada, small)));
  EXPECT_TRUE(put(*files, ada, "a/b", "2"));
}

TEST_F(BlobDisk, ManyUploadsAtOnceDoNotPassTheQuota) {
  const auto files = open(1 << 20);
  std::vector<std::unique_ptr<BlobWriter>> writers;
  while (auto writer = files->begin(ada, "a/b", 100'000)) {
    writers.push_back(std::move(*writer));
    ASSERT_LT(writers.size(), 100);
  }
  EXPECT_EQ(writers.size(), (1 << 20) / (25 * 4096)) << "with its head one has 25 blocks";
}

TEST_F(BlobDisk, AnUploadOfUnknownLengthEndsAtTheByteThatCrossesTheQuota) {
  const auto files = open(3 * 4096);
  auto writer = *files->begin(ada, "a/b", 0);
  ASSERT_TRUE(writer->add(std::string(3 * 4096 - 512, 'x'))) << "with its head three blocks";

  EXPECT_EQ(writer->add("y").error().code, codes::quota);

  EXPECT_EQ(files->begin(ada, "a/b", 0).error().code, codes::quota) << "the room is promised";
  writer.reset();
  EXPECT_TRUE(put(*files, ada, "a/b", "y"));
}

TEST_F(BlobDisk, SeveralUploadsOfUnknownLengthShareTheQuota) {
  const auto files = open(1 << 20);
  std::vector<std::unique_ptr<BlobWriter>> writers;
  for (int count = 0; count < 4; ++count) writers.push_back(*files->begin(ada, "a/b", 0));
  std::uint64_t taken = 0;
  for (int round = 0; round < 100; ++round) {
    for (auto& writer : writers) {
      if (writer->add(std::string(10'000, static_cast<char>('a' + round % 26)))) taken += 10'000;
    }
  }
  EXPECT_LE(taken, 1 << 20);
  EXPECT_GT(taken, (1 << 20) - 50'000);
}

TEST_F(BlobDisk, AtAFullQuotaOnlyBytesThatAreThereMayComeAgain) {
  const auto files = open(4 * 4096);
  const std::string kept = std::string(10'000, 'x') + "end";
  const BlobHash hash = *put(*files, ada, "a/b", kept);
  ASSERT_TRUE(put(*files, ada, "a/b", ""));

  EXPECT_EQ(put(*files, ada, "a/b", kept), hash);
  EXPECT_TRUE(put(*files, ada, "a/b", ""));
  auto other = *files->begin(ada, "a/b", kept.size());
  ASSERT_TRUE(other->add(std::string(10'000, 'x')));
  EXPECT_EQ(other->add("END").error().code, codes::quota) << "the first byte that is another";
  EXPECT_EQ(files->begin(ada, "a/b", kept.size() - 1).error().code, codes::quota);
  EXPECT_EQ(files->begin(bob, "a/b", 1 << 20).error().code, codes::quota);
  EXPECT_EQ(coming(), 1) << "only the one that is being written";
}

TEST_F(BlobDisk, ABlobHasALimit) {
  const auto files = open(1ULL << 40);
  EXPECT_EQ(files->begin(ada, "a/b", limits::blob_bytes_max + 1).error().code, codes::too_large);
  auto writer = files->begin(ada, "a/b", 0);
  ASSERT_TRUE(writer);
  const std::string piece(1 << 20, 'x');
  for (int count = 0; count < 32; ++count) ASSERT_TRUE((*writer)->add(piece));
  EXPECT_EQ((*writer)->add("x").error().code, codes::too_large);
}

TEST_F(BlobDisk, LinksAndOtherFilesAreNoBlobs) {
  const auto files = open();
  const BlobHash hash = *put(*files, ada, "a/b", "bytes");
  const fs::path place = path(ada, hash);
  const fs::path target = fs::path(folder.path()) / "target";
  fs::rename(place, target);
  fs::create_symlink(target, place);
  EXPECT_EQ(*files->find(ada, hash), std::nullopt);
  fs::remove(place);
  ASSERT_EQ(::mkfifo(place.c_str(), 0600), 0);
  EXPECT_EQ(*files->find(ada, hash), std::nullopt);
  fs::remove(place);
  fs::rename(target, place);
  EXPECT_TRUE(*files->find(ada, hash));
  // The folder of the user is no link either.
  const fs::path moved = fs::path(folder.path()) / "moved";
  fs::rename(place.parent_path(), moved);
  fs::create_directory_symlink(moved, place.parent_path());
  const auto found = files->find(ada, hash);
  EXPECT_TRUE(!found || !*found);
}

TEST_F(BlobDisk, AShortOrForeignFileIsDamaged) {
  const auto files = open();
  const BlobHash hash = *put(*files, ada, "a/b", "bytes");
  const BlobHash other = *put(*files, ada, "a/b", "other");
  fs::resize_file(path(ada, hash), blob_file::head_bytes + 2);
  EXPECT_EQ(files->find(ada, hash).error().code, codes::corrupt);
  fs::copy_file(path(ada, other), path(ada, hash), fs::copy_options::overwrite_existing);
  EXPECT_EQ(files->find(ada, hash).error().code, codes::corrupt);
}

TEST(MediaTypes, AreCheckedBeforeTheyAreKept) {
  for (const char* good : {"image/png", "text/plain; charset=utf-8", "application/vnd.x+json"}) {
    EXPECT_TRUE(can_be_media_type(good)) << good;
  }
  for (const std::string& wrong :
       {std::string("png"), std::string("/x"), std::string("x/"), std::string("a/b\nuser eve"),
        std::string("a b/c"), "x/" + std::string(200, 'y'), std::string()}) {
    EXPECT_FALSE(can_be_media_type(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lockstep::test
