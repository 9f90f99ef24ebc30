// SPDX-License-Identifier: Apache-2.0
// The followers alone, without a socket: their first frames, and their frames for errors.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "engine/base/codes.h"
#include "server/base/limits.h"
#include "server/front/feed_follower.h"
#include "server/front/follower.h"
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

// The lists can be read once.
class FailingStore : public Store {
 public:
  explicit FailingStore(const Store& under) : under_(under) {}
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return under_.get(table, key);
  }
  Result<std::vector<std::pair<std::string, std::string>>> scan(const Scan& scan) const override {
    const bool is_list = scan.table == Table::feed || scan.table == Table::threads;
    if (is_list && std::exchange(failing_, true)) {
      return fail(Kind::corrupt, codes::corrupt, "a damaged block");
    }
    return under_.scan(scan);
  }

 private:
  const Store& under_;
  mutable bool failing_ = false;
};

struct Followers : testing::Test, EngineFixture {
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
  for (std::size_t at = 0; at < limits::feed_items_max + 1; ++at) {
    thread = ThreadId("t" + std::to_string(at));
    synced({change_of(put("u1", "hello"))});
  }
  FailingStore failing(memory);
  std::vector<std::pair<Damaged, std::string>> told;
  Engine::Parts other{.log = log,
                      .store = failing,
                      .clock = clock,
                      .random = random,
                      .executor = executor,
                      .agents = agents,
                      .is_json_object = is_json_object,
                      .metrics = metrics,
                      .tell_damage = [&](Damaged what, const std::string& name, const Error&) {
                        told.emplace_back(what, name);
                      }};
  Answer<Result<void>> ready;
  auto opened = Engine::open(other, host, ready.done());
  ASSERT_TRUE(opened.has_value());
  executor.run();
  FeedFollower follower(**opened, user, "", {Form::lines, {}});

  const auto frames = frames_of(follower);

  ASSERT_EQ(frames.size(), limits::feed_items_max + 1);
  EXPECT_EQ(frames.back().at("frame"), "failure");
  EXPECT_EQ(told, (std::vector{std::pair{Damaged::list, user.get()}}));
}

}  // namespace
}  // namespace lockstep::test
