// SPDX-License-Identifier: Apache-2.0
// Streams longer than one read, one write or one frame: a front that is behind by more than one
// slice, page or frame gets all of it, and then the new entries.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/base/limits.h"
#include "server/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

using boost::json::object;

constexpr std::string_view as_json = "Accept: application/json\r\n";
constexpr std::string_view as_lines = "Accept: application/x-ndjson\r\n";
// One slice is what one read of the log brings.
const int more_than_a_slice = static_cast<int>(limits::read_entries_max) * 2 + 10;

object frame_of(const std::string& text) { return boost::json::parse(text).as_object(); }

std::string put(const std::string& id, const std::string& text) {
  return R"({"changes":[{"type":"put_message","message":{"id":")" + id + R"(","text":")" + text +
         "\"}}]}";
}

class LongStreams : public testing::Test {
 protected:
  // One entry of the thread `t1`.
  void say(const std::string& text) {
    const Reply reply = writer.request("POST", "/v1/threads/t1/sync", put("m1", text), as_json);
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  void say_often(int times) {
    for (int at = 0; at < times; ++at) say(std::to_string(at));
  }
  FrontFixture server;
  Client writer{server.port()};
};

// Reads to the frame `live`, and the one after it. Every entry follows the one before it.
struct Backlog {
  int entries = 0;
  std::uint64_t at = 0;

  void take(const object& frame) {
    ASSERT_EQ(frame.at("frame"), "entry");
    ASSERT_EQ(frame.at("prev").to_number<std::uint64_t>(), at);
    at = frame.at("ts").to_number<std::uint64_t>();
    ++entries;
  }
};

TEST_F(LongStreams, AFollowerFarBehindIsNotLiveBeforeItHasHeardAll) {
  say_often(more_than_a_slice);
  Client client(server.port());
  client.send(request_text("GET", "/v1/threads/t1/events", {}, {}));
  client.read_head();

  Backlog backlog;
  while (const auto event = client.read_event()) {
    const object frame = frame_of(*event);
    if (frame.at("frame") == "live") break;
    backlog.take(frame);
  }
  const int before_live = backlog.entries;
  say("news");
  backlog.take(frame_of(*client.read_event()));

  EXPECT_EQ(before_live, more_than_a_slice);
}

TEST_F(LongStreams, LinesOfAFarAwayOffsetComeToTheEnd) {
  say_often(more_than_a_slice);
  Client client(server.port());
  client.send(request_text("GET", "/v1/threads/t1/events", {},
                           std::string(as_lines) + "Connection: close\r\n"));
  client.read_head();

  std::string lines = client.read_to_end();

  EXPECT_EQ(std::ranges::count(lines, '\n'), more_than_a_slice + 1) << "the entries, and the end";
}

TEST_F(LongStreams, ASocketThatWasNotReadHearsAllOfIt) {
  constexpr int small_buffer = 4096;
  Client client(server.port(), small_buffer);
  client.upgrade();
  client.send_text(R"({"sync":{"id":"a","thread":"t1","follow":"live","changes":[)"
                   R"({"type":"put_message","message":{"id":"m1","text":"0"}}]}})");
  const object diff = frame_of(client.read_frame().payload);
  const std::string large(12'000, 'x');
  const int count = static_cast<int>(limits::read_entries_max) + 200;

  for (int at = 0; at < count; ++at) say(large);

  Backlog backlog{.at = std::stoull(std::string(diff.at("cursor").as_string()))};
  while (backlog.entries < count) {
    const object frame = frame_of(client.read_frame().payload);
    if (frame.at("frame") == "live") continue;
    backlog.take(frame);
    if (HasFatalFailure()) return;
  }
}

TEST_F(LongStreams, OfADiffInSeveralFramesOnlyTheLastBearsACursor) {
  const std::string large(600'000, 'x');
  for (const char* id : {"m1", "m2", "m3", "m4"}) {
    ASSERT_EQ(writer.request("POST", "/v1/threads/t1/sync", put(id, large), as_json).status, 200);
  }
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t1/sync", R"({"follow":"none"})", {}));
  client.read_head();

  std::vector<std::string> diffs;
  while (diffs.empty() || diffs.back().find("\"more\":true") != std::string::npos) {
    diffs.push_back(client.read_until("\n\n"));
  }

  ASSERT_GT(diffs.size(), 1U);
  EXPECT_TRUE(diffs.back().starts_with("id: ")) << diffs.back().substr(0, 80);
  diffs.pop_back();
  for (const std::string& diff : diffs) {
    EXPECT_TRUE(diff.starts_with("data: ")) << "a front that is cut off here would skip the rest";
  }
}

TEST_F(LongStreams, AFeedThatIsFarBehindBringsAllThatChanged) {
  const Reply list = writer.request("GET", "/v1/threads");
  const std::string cursor(frame_of(list.body).at("cursor").as_string());
  const int count = static_cast<int>(limits::feed_items_max) * 2 + 5;
  for (int at = 0; at < count; ++at) {
    const std::string thread = "/v1/threads/f" + std::to_string(at) + "/sync";
    ASSERT_EQ(writer.request("POST", thread, put("m1", "x"), as_json).status, 200);
  }
  Client client(server.port());
  client.send(request_text("GET", "/v1/feed?after=" + cursor, {}, {}));
  client.read_head();

  for (int at = 0; at < count; ++at) {
    const auto event = client.read_event();
    ASSERT_TRUE(event.has_value()) << at;
    EXPECT_EQ(frame_of(*event).at("thread").at("id").as_string(), "f" + std::to_string(at));
  }
}

}  // namespace
}  // namespace lockstep::test
