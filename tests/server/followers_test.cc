// SPDX-License-Identifier: Apache-2.0
// The followers alone, without a socket: what they say first, and what they say when they fail.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "server/base/limits.h"
#include "server/front/feed_follower.h"
#include "server/front/follower.h"
#include "server/telling_engine.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

std::vector<boost::json::object> frames_of(Stream& stream) {
  std::string text;
  stream.fill(text, limits::write_bytes_max);
  std::vector<boost::json::object> frames;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    frames.push_back(boost::json::parse(line).as_object());
  }
  return frames;
}

// Fails at the second reading of the feed.
class FailingFeed : public TellingEngine {
 public:
  using TellingEngine::TellingEngine;
  Result<std::vector<FeedItem>> feed(const UserId& user, const std::string& after,
                                     std::uint32_t limit) override {
    if (std::exchange(failing_, true)) return fail(Kind::corrupt, "corrupt", "a damaged block");
    auto items = TellingEngine::feed(user, after, limit);
    while (items && items->size() < limit) items->push_back(items->back());
    return items;
  }

 private:
  bool failing_ = false;
};

struct Followers : testing::Test, EngineFixture {
  LineLog lines{LineLog::Level::none, LineLog::Style::text};
  bool stopping = false;
};

TEST_F(Followers, AReaderWithACursorOfAnEarlierEpochIsToldOfThePresentOneFirst) {
  const SyncReply reply = synced({change_of(put("u1", "hello"))});
  synced({change_of(put("u2", "again"))});
  FollowPlan plan;
  plan.user = user;
  plan.thread = name();
  plan.framing.form = Form::lines;
  plan.after = {reply.cursor.at, Epoch(1)};
  const auto follower = ThreadFollower::open({*engine, nullptr, stopping}, plan);
  ASSERT_TRUE(follower.has_value());

  const auto frames = frames_of(**follower);

  ASSERT_GE(frames.size(), 2U);
  EXPECT_EQ(frames[0].at("frame"), "live");
  EXPECT_EQ(frames[0].at("cursor").as_string(), to_string(reply.cursor));
  EXPECT_EQ(frames[1].at("frame"), "entry");
}

TEST_F(Followers, AReaderThatHasNothingOfAnEarlierEpochIsToldOfThePresentOneToo) {
  synced({change_of(put("u1", "hello"))});
  FollowPlan plan;
  plan.user = user;
  plan.thread = name();
  plan.framing.form = Form::lines;
  plan.after = {Timestamp(), Epoch(1)};
  const auto follower = ThreadFollower::open({*engine, nullptr, stopping}, plan);
  ASSERT_TRUE(follower.has_value());

  const auto frames = frames_of(**follower);

  ASSERT_GE(frames.size(), 2U);
  EXPECT_EQ(frames[0].at("frame"), "live");
  EXPECT_EQ(frames[0].at("cursor").as_string(), to_string(Cursor{Timestamp(), engine->epoch()}));
}

TEST_F(Followers, AFeedThatFailsBehindItsFirstThreadsSaysSoInAFrameOfItsOwn) {
  synced({change_of(put("u1", "hello"))});
  FailingFeed failing(*engine, lines);
  FeedFollower follower(failing, user, "", {Form::lines, {}});

  const auto frames = frames_of(follower);

  ASSERT_EQ(frames.size(), limits::feed_items_max + 1);
  EXPECT_EQ(frames.back().at("frame"), "failure");
}

}  // namespace
}  // namespace lockstep::test
