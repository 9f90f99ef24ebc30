// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/diff.h"

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace lockstep::test {
namespace {

struct HalfStreamed : Story {
  Timestamp half;
  HalfStreamed() {
    start("r1", "u1", "hello");
    steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, {}},
                 AppendContent{MessageId("a1"), 0, "one "}});
    half = now();
    steps("r1", {AppendContent{MessageId("a1"), 0, "two"}});
  }
};

TEST(Diff, IsEmptyWhenTheFrontIsAtTheHead) {
  const HalfStreamed story;

  const Diff diff = story.diff_from(story.now());

  EXPECT_EQ(diff, (Diff{story.now(), story.now(), {}, {}, {}, {}}));
}

TEST(Diff, CarriesOnlyRowsThatTheFrontCantHave) {
  const HalfStreamed story;

  const Diff diff = story.diff_from(story.half);

  ASSERT_EQ(diff.messages.size(), 1u);
  const auto& growth = std::get<Growth>(diff.messages[0]);
  EXPECT_EQ(growth.grow, (decltype(growth.grow){PartGrowth{0, 4, "two"}}));
  EXPECT_FALSE(diff.thread);
}

TEST(Diff, ShowsACutAsAGrowthToo) {
  HalfStreamed story;
  const Timestamp whole = story.now();
  story.stop("r1", story.half);

  const Diff diff = story.diff_from(whole);

  const auto& growth = std::get<Growth>(diff.messages.at(0));
  EXPECT_EQ(growth.grow, (decltype(growth.grow){PartGrowth{0, 4, ""}}));
  EXPECT_EQ(growth.status, MessageStatus::stopped);
}

TEST(Diff, OfAMessageThatEndedCarriesItsUsageWithoutItsText) {
  HalfStreamed story;
  const Timestamp whole = story.now();
  story.steps("r1", {EndMessage{MessageId("a1"), MessageStatus::complete, Json{"{\"n\":1}"}}});

  const Diff diff = story.diff_from(whole);

  const auto& growth = std::get<Growth>(diff.messages.at(0));
  EXPECT_TRUE(growth.grow.empty());
  EXPECT_EQ(growth.usage, (Json{"{\"n\":1}"}));
}

TEST(Diff, NamesEveryMessageDeletedSince) {
  HalfStreamed story;
  story.put("u2", "short-lived");
  story.change(DeleteMessage{MessageId("u2")});

  EXPECT_EQ(story.diff_from(Timestamp(1)).removed, std::vector<MessageId>{MessageId("u2")});
}

TEST(Diff, OfAWholeThreadNeedsNoPast) {
  const HalfStreamed story;

  EXPECT_FALSE(diff_needs_past(story.state(), Timestamp()));
  EXPECT_TRUE(diff_needs_past(story.state(), story.half));
}

}  // namespace
}  // namespace lockstep::test
