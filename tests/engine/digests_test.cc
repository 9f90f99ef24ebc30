// SPDX-License-Identifier: Apache-2.0
// The engine caches digests: it makes one again only after its path changed.
#include "engine/live/digests.h"

#include <gtest/gtest.h>

#include "engine/rules/digest.h"
#include "tests/support/given.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// By the book: the whole path, from its root.
std::optional<Hash> by_path(const ThreadState& state, const std::optional<MessageId>& id) {
  std::vector<Message> path;
  for (const MessageState* row : state.path(id)) path.push_back(row->message);
  return path_digest(path);
}

struct ThreeTurns : Story {
  ThreeTurns() {
    put("m1", "one");
    put("m2", "two");
    put("m3", "three");
  }
};

TEST(Digests, AreThoseOfThePath) {
  ThreeTurns story;
  Digests digests;

  EXPECT_EQ(digests.of(story.state(), mid("m3")), by_path(story.state(), mid("m3")));
  EXPECT_EQ(digests.of(story.state(), std::nullopt), std::nullopt);
}

TEST(Digests, AreMadeOnce) {
  ThreeTurns story;
  Digests digests;
  static_cast<void>(digests.of(story.state(), mid("m3")));

  static_cast<void>(digests.of(story.state(), mid("m3")));

  EXPECT_EQ(digests.made(), 3u);
}

TEST(Digests, OfAnAppendedMessageAreOneMore) {
  ThreeTurns story;
  Digests digests;
  static_cast<void>(digests.of(story.state(), mid("m3")));
  story.put("m4", "four");

  EXPECT_EQ(digests.of(story.state(), mid("m4")), by_path(story.state(), mid("m4")));
  EXPECT_EQ(digests.made(), 4u);
}

TEST(Digests, ChangeForEverythingBelowAMessageThatWasPutAnew) {
  ThreeTurns story;
  Digests digests;
  const auto before = digests.of(story.state(), mid("m3"));
  story.put("m2", "two, edited");

  const auto now = digests.of(story.state(), mid("m3"));

  EXPECT_NE(now, before);
  EXPECT_EQ(now, by_path(story.state(), mid("m3")));
}

TEST(Digests, ThatAreMoreThanOneTurnsWorkAreMadeElsewhereAndKept) {
  ThreeTurns story;
  Digests digests;
  static_cast<void>(digests.of(story.state(), mid("m2")));
  story.put("m4", "four");

  auto work = digests.work(story.state(), mid("m4"), 0);
  ASSERT_TRUE(work.has_value());
  work->run();
  digests.keep(*work);

  EXPECT_EQ(digests.made(), 4u) << "two were known";
  EXPECT_EQ(digests.of(story.state(), mid("m4")), by_path(story.state(), mid("m4")));
  EXPECT_EQ(digests.made(), 4u);
  EXPECT_FALSE(digests.work(story.state(), mid("m4"), 0).has_value());
}

TEST(Digests, BelowAMessageThatWasPutAnewAreAllMadeElsewhere) {
  ThreeTurns story;
  Digests digests;
  static_cast<void>(digests.of(story.state(), mid("m3")));
  story.put("m1", "another one");
  static_cast<void>(digests.of(story.state(), mid("m1")));
  auto work = digests.work(story.state(), mid("m3"), 0);
  ASSERT_TRUE(work.has_value());
  work->run();
  digests.keep(*work);
  const std::uint64_t made = digests.made();

  EXPECT_EQ(digests.of(story.state(), mid("m3")), by_path(story.state(), mid("m3")));

  EXPECT_EQ(digests.made(), made) << "the strand had to make them again";
}

TEST(Digests, ThatAreLittleWorkAreMadeWhenTheyAreAskedFor) {
  ThreeTurns story;
  Digests digests;

  EXPECT_FALSE(digests.work(story.state(), mid("m3"), 1 << 20).has_value());
}

TEST(Digests, ThatWereMadeElsewhereAreOfTheStateAsItWasThen) {
  ThreeTurns story;
  Digests digests;
  auto work = digests.work(story.state(), mid("m3"), 0);
  ASSERT_TRUE(work.has_value());
  story.put("m2", "another two");
  work->run();
  digests.keep(*work);

  EXPECT_EQ(digests.of(story.state(), mid("m3")), by_path(story.state(), mid("m3")));
}

TEST(Digests, ServeAStateOfAnEarlierTimeToo) {
  ThreeTurns story;
  const Timestamp then = story.now();
  story.put("m2", "two, edited");
  Digests digests;
  const auto now = digests.of(story.state(), mid("m3"));

  EXPECT_EQ(digests.of(story.state_at(then), mid("m3")), by_path(story.state_at(then), mid("m3")));
  EXPECT_EQ(digests.of(story.state(), mid("m3")), now);
}

}  // namespace
}  // namespace lockstep::test
