// SPDX-License-Identifier: Apache-2.0
#include "engine/store/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lockstep {
namespace {

constexpr ThreadNumber thread{7};

TEST(Keys, EveryPlaceInTheViewsComesBack) {
  const std::vector<keys::SnapshotPlace> places{keys::ThreadPlace{},
                                                keys::MessagePlace{0},
                                                keys::MessagePlace{UINT32_MAX},
                                                keys::RunPlace{258},
                                                DeviceKey{UserId("alice"), DeviceId("phone")},
                                                DeviceKey{UserId(""), DeviceId("d")}};

  for (const keys::SnapshotPlace& place : places) {
    EXPECT_EQ(keys::decode_snapshot_row(thread, keys::snapshot_row(thread, place)), place);
  }
}

TEST(Keys, MessagesLieInTheOrderOfTheirNumbers) {
  std::vector<std::string> rows;
  for (std::uint32_t number : {0U, 1U, 255U, 256U, 65'536U, UINT32_MAX}) {
    rows.push_back(keys::snapshot_row(thread, keys::MessagePlace{number}));
  }

  EXPECT_TRUE(std::ranges::is_sorted(rows));
}

TEST(Keys, ADevicesUserAndNameAreNotMixedUp) {
  EXPECT_NE(keys::snapshot_row(thread, DeviceKey{UserId("ab"), DeviceId("c")}),
            keys::snapshot_row(thread, DeviceKey{UserId("a"), DeviceId("bc")}));
}

TEST(Keys, AKeyOfAnotherThreadOrOfNoKindIsNotDecoded) {
  const std::string message = keys::snapshot_row(thread, keys::MessagePlace{1});

  EXPECT_EQ(keys::decode_snapshot_row(ThreadNumber(8), message), std::nullopt);
  EXPECT_EQ(keys::decode_snapshot_row(thread, message.substr(0, message.size() - 1)), std::nullopt);
  EXPECT_EQ(keys::decode_snapshot_row(thread, message + "x"), std::nullopt);
  EXPECT_EQ(keys::decode_snapshot_row(thread, keys::snapshot(thread) + "z"), std::nullopt);
  EXPECT_EQ(keys::decode_snapshot_row(thread, keys::snapshot(thread)), std::nullopt);
  EXPECT_EQ(keys::decode_snapshot_row(thread, ""), std::nullopt);
}

TEST(Keys, ADevicesKeyWhoseUserIsCutShortIsNotDecoded) {
  EXPECT_EQ(keys::decode_snapshot_row(thread, keys::snapshot(thread) + std::string("d\0\5ab", 5)),
            std::nullopt);
}

TEST(Keys, AFeedsKeysLieInTheOrderOfCommitsAndBeginWithTheirUser) {
  const UserId user("alice");
  const std::string earlier = keys::feed(user, CommitNumber(255));
  const std::string later = keys::feed(user, CommitNumber(256));

  EXPECT_LT(earlier, later);
  EXPECT_TRUE(earlier.starts_with(keys::feed(user)));
  EXPECT_EQ(earlier, keys::feed(user) + keys::encode_number(255));
  EXPECT_EQ(keys::decode_feed(later), (keys::FeedKey{user, CommitNumber(256)}));
}

TEST(Keys, NoUsersFeedBeginsAnothers) {
  EXPECT_FALSE(keys::feed(UserId("alice"), CommitNumber(1)).starts_with(keys::feed(UserId("al"))));
}

TEST(Keys, DamagedFeedKeysAreNotDecoded) {
  const std::string key = keys::feed(UserId("alice"), CommitNumber(1));

  EXPECT_EQ(keys::decode_feed(key.substr(0, key.size() - 1)), std::nullopt);
  EXPECT_EQ(keys::decode_feed(key + "x"), std::nullopt);
  EXPECT_EQ(keys::decode_feed("x"), std::nullopt);
}

TEST(Keys, OpenRunsThreadsSettingsAndNumbersComeBack) {
  const keys::OpenRunKey run{thread, 3};
  const Hash hash{1, 2, 3, 255};

  EXPECT_EQ(keys::decode_open_run(keys::open_run(run)), run);
  EXPECT_TRUE(keys::open_run(run).starts_with(keys::open_runs(thread)));
  EXPECT_EQ(keys::decode_open_run("short"), std::nullopt);
  EXPECT_EQ(keys::decode_settings(keys::settings(hash)), hash);
  EXPECT_EQ(keys::decode_settings("short"), std::nullopt);
  EXPECT_EQ(keys::decode_number(keys::encode_number(UINT64_MAX - 1)), UINT64_MAX - 1);
  EXPECT_EQ(keys::decode_number("1234567"), std::nullopt);
}

TEST(Keys, ThreadsOfAUserLieTogetherAndAreNamedByBoth) {
  const ThreadName tea{UserId("ann"), ThreadId("t.1")};
  const ThreadName other{UserId("anna"), ThreadId("t.1")};

  EXPECT_EQ(keys::thread(tea), std::string("\0\3annt.1", 8));
  EXPECT_EQ(keys::decode_thread(keys::thread(tea)), tea);
  EXPECT_TRUE(keys::thread(tea).starts_with(keys::threads(tea.owner)));
  EXPECT_FALSE(keys::thread(other).starts_with(keys::threads(tea.owner)));
  EXPECT_EQ(keys::decode_deleted(keys::deleted(tea)), tea);
  EXPECT_EQ(keys::decode_deleted(keys::thread(tea)), std::nullopt);
  EXPECT_EQ(keys::decode_thread("t.1"), std::nullopt);
  EXPECT_EQ(keys::decode_thread(std::string("\0\3annno id!", 11)), std::nullopt);
  EXPECT_EQ(keys::decode_thread(std::string("\0\3ann", 5)), std::nullopt);
}

}  // namespace
}  // namespace lockstep
