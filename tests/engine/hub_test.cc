// SPDX-License-Identifier: Apache-2.0
// Which followers the hub wakes, and what it keeps in memory for them.
#include "engine/live/hub.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "tests/support/given.h"

namespace lockstep::test {
namespace {

class Woken : public Follower {
 public:
  void wake() override { ++wakes; }
  int wakes = 0;
};

struct HubTest : testing::Test {
  // The next entry of the thread.
  void publish(std::size_t bytes = 1) {
    Entry entry;
    entry.previous = Timestamp(last);
    entry.at = Timestamp(last += 10);
    entry.events.emplace_back(ContentAppended{mid("a1"), 0, 0, std::string(bytes, 'x')});
    hub.publish(thread, std::make_shared<const Entry>(std::move(entry)));
  }

  Hub hub;
  Woken follower;
  ThreadName thread{UserId("ann"), tid("t1")};
  std::uint64_t last = 100;
};

TEST_F(HubTest, AFollowerIsWokenOncePerCommit) {
  hub.join(thread, follower);
  publish();
  publish();

  hub.wake(thread);

  EXPECT_EQ(follower.wakes, 1);
}

TEST_F(HubTest, AFollowerThatLeftIsNotWoken) {
  Woken other;
  hub.join(thread, follower);
  hub.join(thread, other);

  hub.leave(thread, follower);
  hub.wake(thread);

  EXPECT_EQ(follower.wakes, 0);
  EXPECT_EQ(other.wakes, 1);
  EXPECT_EQ(hub.follower_count(), 1u);
}

TEST_F(HubTest, TheTailBeginsRightAfterTheCursor) {
  hub.join(thread, follower);
  publish();
  publish();

  const auto slice = hub.tail(thread, Timestamp(110), limits::write_bytes_max);

  ASSERT_TRUE(slice.has_value());
  ASSERT_EQ(slice->entries.size(), 1u);
  EXPECT_EQ(slice->entries[0]->entry->at, Timestamp(120));
  EXPECT_EQ(slice->end, Timestamp(120));
}

TEST_F(HubTest, ACursorBeforeTheTailIsSentToTheLog) {
  hub.join(thread, follower);
  publish();

  EXPECT_FALSE(hub.tail(thread, Timestamp(99), limits::write_bytes_max).has_value());
  EXPECT_TRUE(hub.tail(thread, Timestamp(100), limits::write_bytes_max).has_value());
}

TEST_F(HubTest, AThreadWithoutFollowersIsNotKept) {
  publish();

  EXPECT_FALSE(hub.tail(thread, Timestamp(100), limits::write_bytes_max).has_value());
}

TEST_F(HubTest, ASliceIsBoundedButNeverEmpty) {
  hub.join(thread, follower);
  publish(1000);
  publish(1000);
  publish(1000);

  EXPECT_EQ(hub.tail(thread, Timestamp(100), 2500)->entries.size(), 2u);
  EXPECT_EQ(hub.tail(thread, Timestamp(100), 1)->entries.size(), 1u);
  EXPECT_EQ(hub.tail(thread, Timestamp(100), 1)->end, Timestamp(130));
}

TEST_F(HubTest, TheTailForgetsItsOldestEntriesAtItsBounds) {
  hub.join(thread, follower);
  for (std::size_t entry = 0; entry <= limits::tail_entries_max; ++entry) publish();
  EXPECT_FALSE(hub.tail(thread, Timestamp(100), 1).has_value());
  EXPECT_TRUE(hub.tail(thread, Timestamp(110), 1).has_value());

  publish(limits::tail_bytes_max + 1);
  EXPECT_FALSE(hub.tail(thread, Timestamp(last - 20), 1).has_value());
  EXPECT_TRUE(hub.tail(thread, Timestamp(last - 10), 1).has_value());
}

TEST_F(HubTest, ATailWithAGapIsThrownAway) {
  hub.join(thread, follower);
  publish();
  last += 5;  // an entry that this hub did not publish
  publish();

  EXPECT_FALSE(hub.tail(thread, Timestamp(100), 1).has_value());
  EXPECT_TRUE(hub.tail(thread, Timestamp(115), 1).has_value());
}

TEST_F(HubTest, AllReadersShareOneEncoding) {
  hub.join(thread, follower);
  publish();

  hub.tail(thread, Timestamp(100), 1)->entries[0]->json = "encoded";

  EXPECT_EQ(hub.tail(thread, Timestamp(100), 1)->entries[0]->json, "encoded");
}

}  // namespace
}  // namespace lockstep::test
