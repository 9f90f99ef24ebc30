// SPDX-License-Identifier: Apache-2.0
// Many threads over one WebSocket.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

using boost::json::object;

class Sockets : public testing::Test {
 protected:
  Sockets() : client(server.port()) {}
  object next() {
    const Client::Frame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 1U);
    return boost::json::parse(frame.payload).as_object();
  }
  // The close code of the next frame, which must be a close.
  int close_code() {
    const Client::Frame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8U);
    if (frame.opcode != 8 || frame.payload.size() < 2) return 0;
    return static_cast<unsigned char>(frame.payload[0]) << 8 |
           static_cast<unsigned char>(frame.payload[1]);
  }
  FrontFixture server;
  Client client;
};

std::string sync(const std::string& id, const std::string& thread, const std::string& rest) {
  return R"({"sync":{"id":")" + id + R"(","thread":")" + thread + "\"" +
         (rest.empty() ? "" : "," + rest) + "}}";
}
const std::string start_push = R"("changes":[{"type":"start_run","run":"r1","agent":"push",)"
                               R"("input":[{"id":"u","text":"hi"}]}])";
const std::string start_here = R"("changes":[{"type":"start_run","run":"r1","agent":"here",)"
                               R"("input":[{"id":"u","text":"hi"}]}])";
const std::string start_echo =
    R"("changes":[{"type":"start_run","agent":"echo","input":[{"text":"hello"}]}])";

TEST_F(Sockets, TheHandshakeIsTheStandards) {
  const Reply reply = client.upgrade("Sec-WebSocket-Protocol: other, lockstep.v1.json\r\n");

  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(reply.headers.at("sec-websocket-protocol"), "lockstep.v1.json");
}

TEST_F(Sockets, ManyThreadsAreFollowedAtOnce) {
  client.upgrade();
  constexpr int count = 20;
  for (int at = 0; at < count; ++at) {
    client.send_text(sync("s" + std::to_string(at), "t" + std::to_string(at), start_echo));
  }

  int ended = 0;
  std::map<std::string, std::string> texts;
  while (ended < count) {
    const object frame = next();
    const std::string id(frame.at("id").as_string());
    if (frame.at("frame") == "end") ++ended;
    if (frame.at("frame") != "entry") continue;
    texts[id] += text_added(frame);
  }

  ASSERT_EQ(texts.size(), static_cast<std::size_t>(count));
  for (const auto& [id, text] : texts) EXPECT_EQ(text, "hello") << id;
}

TEST_F(Sockets, AProducerWritesAndAFollowerHearsOverOneSocket) {
  client.upgrade();
  client.send_text(sync("s", "t1", start_push));
  EXPECT_EQ(next().at("frame"), "diff");
  client.send_text(
      R"({"steps":{"id":"p","thread":"t1","run":"r1","attempt":1,"steps":[)"
      R"({"seq":1,"type":"message_created","message":{"id":"a"}},)"
      R"({"seq":2,"type":"content_appended","message":"a","text":"x"},)"
      R"({"seq":3,"type":"message_ended","message":"a"},{"seq":4,"type":"run_ended"}]}})");

  std::map<std::string, object> by_kind;
  for (int at = 0; at < 3; ++at) {
    const object frame = next();
    by_kind[std::string(frame.at("frame").as_string())] = frame;
  }

  EXPECT_EQ(by_kind.at("steps").at("id"), "p");
  EXPECT_EQ(by_kind.at("steps").at("seq"), 4);
  EXPECT_EQ(by_kind.at("entry").at("id"), "s");
  EXPECT_EQ(by_kind.at("entry").at("ts"), by_kind.at("steps").at("ts"));
  EXPECT_EQ(by_kind.at("end").at("reason"), "done");
}

TEST_F(Sockets, ARefusalNamesTheRefusedRequestAndTheSocketGoesOn) {
  client.upgrade();
  const std::vector<std::pair<std::string, std::string>> table{
      {"{", "malformed"},
      {R"({"sync":{"id":"a","thread":"none"}})", "unknown_thread"},
      {R"({"sync":{"id":"a","thread":"t","x":1}})", "unknown_field"},
      {R"({"sync":{"id":"a","thread":"t","cursor":"5@0000000000000bad"}})", "unknown_history"},
      {R"({"hello":1})", "unknown_field"},
      {R"({"cancel":5})", "invalid"},
      {R"({"sync":{"id":"a","thread":"\ud800"}})", "lone_surrogate"},
      {R"({"steps":{"id":"a","thread":"t","run":"r","attempt":1,)"
       R"("steps":[{"seq":1,"type":"run_ended"}]}})",
       "unknown_thread"},
  };

  for (const auto& [text, code] : table) {
    client.send_text(text);
    const object failure = next();
    EXPECT_EQ(failure.at("frame"), "failure");
    EXPECT_EQ(std::string(failure.at("code").as_string()), code) << text;
    EXPECT_EQ(failure.at("retry"), false);
  }

  client.send_text(sync("a", "t1", start_echo));
  EXPECT_EQ(next().at("frame"), "diff");
}

TEST_F(Sockets, AnIdIsFreeAgainWhenItsStreamIsCancelled) {
  client.upgrade();
  client.send_text(sync("s", "t1", start_push));
  EXPECT_EQ(next().at("frame"), "diff");

  client.send_text(sync("s", "t1", ""));
  EXPECT_EQ(next().at("code"), "id_in_use");
  client.send_text(R"({"cancel":"s"})");
  client.send_text(sync("s", "t1", ""));

  EXPECT_EQ(next().at("frame"), "diff");
}

TEST_F(Sockets, TheFeedComesOverTheSocketToo) {
  client.upgrade();
  client.send_text(R"({"feed":{"id":"f"}})");
  client.send_text(
      sync("s", "t1", R"("follow":"none","changes":[{"type":"update_thread","title":"x"}])"));

  std::map<std::string, object> by_kind;
  for (int at = 0; at < 3; ++at) {
    const object frame = next();
    by_kind[std::string(frame.at("frame").as_string())] = frame;
  }

  EXPECT_EQ(by_kind.at("feed").at("id"), "f");
  EXPECT_EQ(by_kind.at("feed").at("thread").at("title"), "x");
}

TEST_F(Sockets, PingsAreAnsweredAndCloseIsClosed) {
  client.upgrade();
  client.send_frame(0x89, "are you there");
  const Client::Frame pong = client.read_frame();
  client.send_frame(0x88, "\x03\xe8");

  EXPECT_EQ(pong.opcode, 10U);
  EXPECT_EQ(pong.payload, "are you there");
  EXPECT_EQ(close_code(), 1000);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Sockets, AFrameWithoutAMaskClosesTheSocketAndNothingElse) {
  client.upgrade();
  client.send("\x81\x01x");

  EXPECT_EQ(close_code(), 1002);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(Client(server.port()).request("GET", "/healthz").status, 200);
}

TEST_F(Sockets, TextThatIsNoUtf8ClosesTheSocket) {
  client.upgrade();
  client.send_text("\xff");

  EXPECT_EQ(close_code(), 1007);
}

TEST_F(Sockets, AMessageThatIsTooLargeClosesTheSocket) {
  client.upgrade();
  client.send(std::string("\x81\xff\0\0\0\0\x7f\xff\xff\xff\x01\x02\x03\x04", 14));

  EXPECT_EQ(close_code(), 1009);
}

TEST_F(Sockets, AStopTellsEveryStreamAndThenTheSocket) {
  client.upgrade();
  client.send_text(sync("s", "t1", start_here));
  EXPECT_EQ(next().at("frame"), "diff");

  server.stop();

  const object entry = next();
  const object end = next();
  EXPECT_EQ(entry.at("frame"), "entry");
  EXPECT_EQ(end.at("id"), "s");
  EXPECT_EQ(end.at("reason"), "shutdown");
  EXPECT_EQ(close_code(), 1001);
  client.send_frame(0x88, "\x03\xe9");
  EXPECT_EQ(client.read_to_end(), "");
  server.wait_for_stop();
}

TEST(SocketTokens, ASocketWithoutATokenIsClosedWithItsCode) {
  const Hash hash = parse_hash(std::string(64, 'a')).value();
  FrontFixture server({}, Auth::parse(token_lines({"x", UserId("u"), hash}), "tokens").value());
  Client client(server.port());

  EXPECT_EQ(client.upgrade().status, 101);
  const Client::Frame frame = client.read_frame();

  EXPECT_EQ(frame.opcode, 8U);
  EXPECT_EQ(static_cast<unsigned char>(frame.payload[0]) << 8 |
                static_cast<unsigned char>(frame.payload[1]),
            4401);
}

}  // namespace
}  // namespace lockstep::test
