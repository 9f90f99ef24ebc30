// SPDX-License-Identifier: Apache-2.0
// attachments_test.cc: which files of a path are read for its model.
#include "engine/store/attachments.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/few_blobs.h"

namespace lockstep::test {
namespace {

const UserId ann("ann");

Message with_files(std::vector<BlobHash> hashes) {
  std::vector<Part> parts = {TextPart{"Look."}};
  for (const BlobHash& hash : hashes) parts.emplace_back(FilePart{hash.uri(), {}, {}});
  Message message;
  message.id = MessageId("m");
  message.parts = std::move(parts);
  return message;
}

TEST(Attachments, AreTheBytesOfThePathsFilesEachOnce) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("image/png", "a cat");
  const BlobHash dog = blobs.add("image/jpeg", "a dog");
  const std::vector<Message> path = {with_files({cat}), with_files({dog, cat})};

  const auto files = attachments_of(blobs, ann, path);

  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].uri, cat.uri());
  EXPECT_EQ(files[0].media_type, "image/png");
  EXPECT_EQ(*files[0].bytes, "a cat");
  EXPECT_EQ(*files[1].bytes, "a dog");
  EXPECT_TRUE(names_files(path));
  EXPECT_FALSE(names_files({with_files({})}));
}

TEST(Attachments, PicturesOfAnswersThatNoModelIsSentTakeNoPlace) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("image/png", "a cat");
  std::vector<BlobHash> drawn;
  for (std::size_t at = 0; at <= limits::run_files_max; ++at) {
    drawn.push_back(blobs.add("image/png", "drawn " + std::to_string(at)));
  }
  Message answer = with_files(drawn);
  answer.role = Role::assistant;

  const auto files = attachments_of(blobs, ann, {with_files({cat}), answer});

  EXPECT_EQ(*std::ranges::find(files, cat.uri(), &Attachment::uri)->bytes, "a cat");
}

TEST(Attachments, AFileCountsAtEachPlaceWhereItStands) {
  FewBlobs blobs;
  const std::string long_one(limits::run_files_bytes_max / 3 - 100, 'x');
  const BlobHash film = blobs.add("image/png", long_one);
  const BlobHash cat = blobs.add("image/png", "a cat");

  const auto thrice =
      attachments_of(blobs, ann, {with_files({cat}), with_files({film, film, film})});
  const auto more =
      attachments_of(blobs, ann, {with_files({cat, film}), with_files({film, film, film})});
  const auto often = attachments_of(
      blobs, ann, {with_files(std::vector<BlobHash>(limits::run_files_max + 1, cat))});

  const auto bytes_of = [](const std::vector<Attachment>& files, const BlobHash& hash) {
    return std::ranges::find(files, hash.uri(), &Attachment::uri)->bytes;
  };
  EXPECT_EQ(*bytes_of(thrice, film), long_one);
  EXPECT_EQ(*bytes_of(thrice, cat), "a cat");
  EXPECT_FALSE(bytes_of(more, film));
  EXPECT_EQ(*bytes_of(more, cat), "a cat");
  EXPECT_FALSE(often[0].bytes);
}

TEST(Attachments, AFileThatTheUserLacksOrThatIsDamagedIsLeftOut) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("image/png", "a cat");
  const BlobHash broken = blobs.add("image/png", "broken");
  blobs.damage(broken);
  const BlobHash gone(Hash{7});

  const auto files = attachments_of(blobs, ann, {with_files({gone, broken, cat})});

  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].uri, cat.uri());
}

TEST(Attachments, TheNewestFilesCountAsFarAsARequestGoes) {
  FewBlobs blobs;
  const std::string half(limits::run_files_bytes_max / 2, 'x');
  const BlobHash oldest = blobs.add("image/png", half + "1");
  const BlobHash small = blobs.add("image/png", "small");
  const BlobHash newer = blobs.add("image/png", half + "2");
  const BlobHash newest = blobs.add("image/png", "newest");

  const auto files = attachments_of(
      blobs, ann, {with_files({oldest}), with_files({small, newer}), with_files({newest})});

  ASSERT_EQ(files.size(), 4u);
  EXPECT_EQ(files[0].uri, newest.uri());
  for (const std::size_t at : {0, 1, 2}) EXPECT_NE(files[at].bytes, nullptr) << at;
  EXPECT_EQ(files[3].uri, oldest.uri());
  EXPECT_EQ(files[3].bytes, nullptr) << "it is beyond the limit";
}

TEST(Attachments, FilesBeyondTheirNumberAreNotLookedUp) {
  FewBlobs blobs;
  std::vector<BlobHash> all;
  for (std::size_t at = 0; at <= limits::run_files_max; ++at) {
    all.push_back(blobs.add("image/png", std::to_string(at)));
  }

  const auto files = attachments_of(blobs, ann, {with_files(all)});

  ASSERT_EQ(files.size(), all.size());
  EXPECT_EQ(files.back().uri, all.front().uri());
  EXPECT_EQ(files.back().bytes, nullptr);
  EXPECT_EQ(blobs.lookups, limits::run_files_max);
}

TEST(Attachments, AFileThatNoModelTakesIsNotRead) {
  FewBlobs blobs;
  const BlobHash film = blobs.add("video/mp4", "a film");

  const auto files = attachments_of(blobs, ann, {with_files({film})});

  ASSERT_EQ(files.size(), 1u);
  ASSERT_NE(files[0].bytes, nullptr);
  EXPECT_TRUE(files[0].bytes->empty());
  EXPECT_EQ(blobs.reads, 0u);
}

TEST(Attachments, AreReadAsTheirPartsSayAndNotAsTheLastUploadSays) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("video/mp4", "a cat");
  Message message = with_files({cat});
  std::get<FilePart>(message.parts.edit().back()).media_type = "image/png";

  EXPECT_EQ(*attachments_of(blobs, ann, {message}).at(0).bytes, "a cat");
}

// They take no room in the request from the files of users.
TEST(Attachments, FilesOfAnswersAreReadOnlyForTheProviderThatGetsThemBack) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("image/png", "a cat");
  Message answer = with_files({cat});
  answer.role = Role::assistant;

  EXPECT_EQ(*attachments_of(blobs, ann, {answer}).at(0).bytes, "");
  answer.opaque.put({.part = 1, .origin = "x", .value = Json{"{}"}});
  EXPECT_EQ(*attachments_of(blobs, ann, {answer}).at(0).bytes, "a cat");
}

TEST(Attachments, ReadingEndsWhenTheRunIsStopped) {
  FewBlobs blobs;
  const BlobHash cat = blobs.add("image/png", "a cat");
  const std::atomic<bool> stop = true;

  const auto plan = plan_files(blobs, ann, {with_files({cat})});

  EXPECT_TRUE(read_files(blobs, ann, plan, stop).empty());
  EXPECT_EQ(blobs.reads, 0u);
}

}  // namespace
}  // namespace lockstep::test
