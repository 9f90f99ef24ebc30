// SPDX-License-Identifier: Apache-2.0
// A user's threads, in the order of their latest change.
#include "engine/live/feed.h"

#include <gtest/gtest.h>

#include "engine/store/keys.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

using Names = std::vector<std::string>;

struct FeedTest : testing::Test, EngineFixture {
  void put_in(const std::string& name, const std::string& id) {
    thread = tid(name);
    synced({change_of(put(id, "hello"))});
  }
  ThreadsPage page(std::optional<std::string> before = {}, std::uint32_t limit = 50) {
    auto page = engine->threads(user, before, limit);
    MUST(page.has_value());
    return *page;
  }
  std::vector<FeedItem> items(const std::string& after) {
    auto items = engine->feed(user, after, 50);
    MUST(items.has_value());
    return *items;
  }
  void erase(const std::string& name) {
    Answer<Result<void>> erased;
    engine->erase(user, {user, tid(name)}, erased.done());
    executor.run();
    MUST(erased->has_value());
  }
  static Names names(const ThreadsPage& page) {
    Names names;
    for (const Thread& thread : page.threads) names.push_back(thread.id.get());
    return names;
  }
};

TEST_F(FeedTest, TheThreadThatChangedLastComesFirst) {
  put_in("t1", "u1");
  put_in("t2", "u1");
  put_in("t3", "u1");
  put_in("t1", "u2");

  EXPECT_EQ(names(page()), (Names{"t1", "t3", "t2"}));
}

TEST_F(FeedTest, AListIsTurnedPageByPage) {
  for (const char* name : {"t1", "t2", "t3"}) put_in(name, "u1");

  const ThreadsPage first = page({}, 2);
  const ThreadsPage second = page(first.next, 2);

  EXPECT_EQ(names(first), (Names{"t3", "t2"}));
  EXPECT_EQ(names(second), (Names{"t1"}));
  EXPECT_FALSE(second.next.has_value());
  EXPECT_FALSE(page({}, 3).next.has_value());
}

TEST_F(FeedTest, ALongRowOfDeletedThreadsEndsNoList) {
  for (const char* name : {"t1", "t2", "t3", "t4"}) put_in(name, "u1");
  for (int at = 0; at < 40; ++at) {
    const std::string name = "gone" + std::to_string(at);
    put_in(name, "u1");
    erase(name);
  }

  const ThreadsPage first = page({}, 3);
  const ThreadsPage second = page(first.next, 3);

  EXPECT_EQ(names(first), (Names{"t4", "t3", "t2"}));
  EXPECT_EQ(names(second), (Names{"t1"}));
}

TEST_F(FeedTest, AListShowsTheSameFieldsAsTheThread) {
  put_in("t1", "u1");
  synced({change_of(UpdateThread{"a title", true, Json{"{\"a\":1}"}})});
  synced({change_of(ask("r1", "u2", "go"))});

  const Thread listed = page().threads.at(0);

  EXPECT_EQ(listed, *reading().screen.thread);
  EXPECT_TRUE(listed.running);
}

TEST_F(FeedTest, AnotherUsersThreadsAreNotListed) {
  put_in("t1", "u1");
  user = uid("bob");

  EXPECT_TRUE(page().threads.empty());
  EXPECT_TRUE(items("").empty());
}

TEST_F(FeedTest, ThreadsThatChangedAfterACursorComeInTheOrderOfChange) {
  put_in("t1", "u1");
  put_in("t2", "u1");
  const std::string cursor = page().cursor;
  put_in("t3", "u1");
  put_in("t1", "u2");

  const auto changed = items(cursor);

  ASSERT_EQ(changed.size(), 2u);
  EXPECT_EQ(changed[0].thread->id, tid("t3"));
  EXPECT_EQ(changed[1].thread->id, tid("t1"));
  EXPECT_TRUE(items(changed[1].cursor).empty());
  EXPECT_EQ(items(changed[0].cursor).size(), 1u);
}

TEST_F(FeedTest, TokensDoNotMoveAThreadButBoundariesDo) {
  start_streaming();
  const std::string cursor = page().cursor;
  CountingFollower follower;
  engine->join_feed(user, follower);

  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", "two")})));
  EXPECT_EQ(follower.wakes, 0);
  EXPECT_TRUE(items(cursor).empty());

  ASSERT_TRUE(write(batch("r1", {message_over(4, "a1")})));
  EXPECT_EQ(follower.wakes, 1);
  EXPECT_EQ(items(cursor).size(), 1u);
  engine->leave_feed(user, follower);
}

TEST_F(FeedTest, ADeletedThreadLeavesTheListAndTheFeedSaysSo) {
  put_in("t1", "u1");
  put_in("t2", "u1");
  const std::string cursor = page().cursor;
  CountingFollower follower;
  engine->join_feed(user, follower);

  erase("t1");

  EXPECT_EQ(names(page()), (Names{"t2"}));
  ASSERT_EQ(items(cursor).size(), 1u);
  EXPECT_EQ(items(cursor)[0].removed, tid("t1"));
  EXPECT_GE(follower.wakes, 1);
  engine->leave_feed(user, follower);
}

TEST_F(FeedTest, IsTheSameAfterARestart) {
  put_in("t1", "u1");
  put_in("t2", "u1");
  put_in("t1", "u2");

  restart();
  EXPECT_EQ(names(page()), (Names{"t1", "t2"}));

  put_in("t2", "u2");
  EXPECT_EQ(names(page()), (Names{"t2", "t1"}));
}

TEST_F(FeedTest, EveryCursorThatIsHandedOutIsGoodAtOnce) {
  put_in("t1", "u1");
  thread = tid("t2");
  auto answer = ask_for(request({change_of(put("u1", "hello"))}));

  // At some step the change is durable, and no follower has it yet.
  do {
    for (const FeedItem& item : items("")) {
      EXPECT_TRUE(engine->feed(user, item.cursor, 50).has_value()) << item.cursor;
    }
    const ThreadsPage first = page({}, 1);
    if (!first.next) continue;
    EXPECT_TRUE(engine->threads(user, first.next, 1).has_value()) << *first.next;
  } while (executor.step());

  EXPECT_TRUE(answer->has_value());
  EXPECT_EQ(items("").size(), 2u);
}

TEST_F(FeedTest, ACursorOfAnotherHistoryIsUnknown) {
  put_in("t1", "u1");

  EXPECT_EQ(engine->threads(user, "nonsense", 5).error().code, "unknown_history");
  EXPECT_EQ(engine->feed(user, "999999@0000000000abcdef", 5).error().code, "unknown_history");
  EXPECT_EQ(engine->feed(user, "1@0000000000000001", 5).error().code, "unknown_history");
}

TEST_F(FeedTest, ADamagedFeedHidesNoThread) {
  for (const char* name : {"t1", "t2", "t3", "t4"}) put_in(name, "u1");
  erase("t2");
  put_in("t1", "u2");
  const ThreadsPage whole = page();
  const std::vector<FeedItem> told = items("");
  const std::string from = told.at(1).cursor;
  const std::vector<FeedItem> rest = items(from);
  Answer<Result<void>> spoilt;
  memory.write({{Table::feed, keys::feed(user, CommitNumber(1)), "no row", RowWrite::Stamp::none}},
               {}, spoilt.done());
  executor.run();

  const ThreadsPage first = page({}, 2);

  EXPECT_TRUE(page().damage.has_value());
  EXPECT_FALSE(whole.damage.has_value());
  EXPECT_EQ(page().threads, whole.threads);
  EXPECT_EQ(first.threads.size(), 2U);
  EXPECT_EQ(names(first), (Names{"t1", "t4"}));
  EXPECT_EQ(names(page(first.next, 2)), (Names{"t3"}));
  EXPECT_EQ(items("").size(), told.size());
  for (std::size_t at = 0; at < told.size(); ++at) {
    EXPECT_EQ(items("").at(at).cursor, told[at].cursor);
    EXPECT_EQ(items("").at(at).removed, told[at].removed);
  }
  EXPECT_EQ(items(from).size(), rest.size());
}

// The list of threads is then read page by page, and has those of all users.
TEST_F(FeedTest, ADamagedFeedHidesNoneOfMoreThreadsThanOneReadBrings) {
  const std::size_t count = limits::read_entries_max + 3;
  for (std::size_t at = 0; at < count; ++at) put_in("t" + std::to_string(at), "u1");
  Answer<Result<void>> spoilt;
  memory.write(
      {{Table::feed, keys::feed(user, memory.last_commit()), "no row", RowWrite::Stamp::none}}, {},
      spoilt.done());
  executor.run();

  std::size_t listed = 0;
  std::optional<std::string> next;
  do {
    const ThreadsPage part = page(next, limits::list_max);
    listed += part.threads.size();
    next = part.next;
  } while (next);

  EXPECT_EQ(listed, count);
}

}  // namespace
}  // namespace lockstep::test
