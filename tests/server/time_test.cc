// SPDX-License-Identifier: Apache-2.0
// Timeouts: what the server does if a client is silent for too long.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/base/limits.h"
#include "server/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

int seconds_of(std::chrono::seconds time) { return static_cast<int>(time.count()); }

const std::string put_thread = R"({"changes":[{"type":"update_thread","title":"x"}]})";

class Time : public testing::Test {
 protected:
  FrontFixture server;
};

TEST_F(Time, AnIdleConnectionIsClosed) {
  Client client(server.port());
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);

  server.pass(seconds_of(limits::idle_time_max) - 2);
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
  server.pass(seconds_of(limits::idle_time_max) + 1);

  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Time, AHeaderThatDoesNotComeIsNotWaitedFor) {
  Client client(server.port());
  client.send("GET /healthz HTTP/1.1\r\n");
  // So that the server has surely read it: it answers in order.
  EXPECT_EQ(Client(server.port()).request("GET", "/healthz").status, 200);

  server.pass(seconds_of(limits::header_time_max) + 1);

  const Reply late = client.read_reply();
  EXPECT_EQ(late.status, 408);
  EXPECT_NE(late.body.find(R"("code":"timeout")"), std::string::npos) << late.body;
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Time, ABodyThatDoesNotComeIsNotWaitedFor) {
  Client client(server.port());
  client.send(
      "POST /v1/threads/t/sync HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);

  server.pass(seconds_of(limits::body_time_max) - 1);
  EXPECT_EQ(server.counts().connections, 1U);
  server.pass(2);

  EXPECT_EQ(client.read_reply().status, 408);
}

TEST_F(Time, ASilentStreamSaysThatItLives) {
  Client client(server.port());
  client.request("POST", "/v1/threads/t/sync", put_thread, "Accept: application/json\r\n");
  client.send(request_text("POST", "/v1/threads/t/sync", R"({"follow":"live"})", {}));
  client.read_head();
  client.read_until("\n\n");

  server.pass(seconds_of(limits::silence_max));

  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
}

TEST_F(Time, ASocketThatAnswersNoPingIsClosed) {
  Client client(server.port());
  client.upgrade();

  server.pass(seconds_of(limits::silence_max));
  EXPECT_EQ(client.read_frame().opcode, 9U);
  server.pass(seconds_of(limits::pong_time_max) + 1);

  const Client::Frame frame = client.read_frame();
  EXPECT_EQ(frame.opcode, 8U);
  EXPECT_EQ(frame.payload.substr(0, 2), "\x03\xf0");  // 1008
}

TEST_F(Time, ASocketThatAnswersItsPingsLives) {
  Client client(server.port());
  client.upgrade();

  for (int round = 0; round < 5; ++round) {
    server.pass(seconds_of(limits::silence_max));
    EXPECT_EQ(client.read_frame().opcode, 9U);
    client.send_frame(0x8a, "");
    client.send_frame(0x89, "heard");
    EXPECT_EQ(client.read_frame().payload, "heard");
  }

  EXPECT_EQ(server.counts().sockets, 1U);
}

// With so many requests unanswered the server does not read, not even the answers to pings.
TEST_F(Time, ASocketThatIsNotReadBecauseMuchWaitsIsNotTakenForDead) {
  const auto started = [](const std::string& run) {
    return R"({"sync":{"id":")" + run + R"(","thread":"t","follow":"none","device":"d",)" +
           R"("changes":[{"type":"start_run","run":")" + run +
           R"(","agent":"push","input":[{"text":"hi"}]}]}})";
  };
  Client client(server.port());
  client.upgrade();
  for (const std::string run : {"r1", "r2"}) {
    client.send_text(started(run));
    while (client.read_frame().payload.find(R"("frame":"end")") == std::string::npos) continue;
  }
  const std::uint64_t before = server.counts().requests;
  for (std::size_t at = 0; at < limits::socket_requests_max; ++at) {
    client.send_text(R"({"steps":{"id":"s","thread":"t","run":"r2","attempt":1,)"
                     R"("steps":[{"seq":1,"type":"message_created","message":{"id":"a"}}]}})");
  }
  while (server.counts().requests < before + limits::socket_requests_max) continue;

  server.pass(seconds_of(limits::silence_max));
  EXPECT_EQ(client.read_frame().opcode, 9U);
  client.send_frame(0x8a, "");
  server.pass(seconds_of(limits::pong_time_max) + 1);

  EXPECT_EQ(server.counts().sockets, 1U);
  Client other(server.port());
  EXPECT_EQ(other
                .request("POST", "/v1/threads/t/runs/r1/steps?attempt=1",
                         R"({"steps":[{"seq":1,"type":"run_ended"}]})")
                .status,
            200);
  EXPECT_EQ(client.read_frame().opcode, 1U) << "those that waited are answered";
}

TEST_F(Time, AReaderThatDoesNotReadIsCutOffAndOthersAreNotDelayed) {
  Client other(server.port());
  const std::string text(limits::message_bytes_max - 1024, 'x');
  ASSERT_EQ(other
                .request("POST", "/v1/threads/t/sync",
                         R"({"changes":[{"type":"put_message","message":{"id":"m","text":")" +
                             text + "\"}}]}",
                         "Accept: application/json\r\nConnection: keep-alive\r\n")
                .status,
            200);
  Client slow(server.port(), 4096);
  slow.send(request_text("GET", "/v1/threads/t", {}, {}) +
            request_text("GET", "/v1/threads/t", {}, {}));
  slow.read_until("\r\n\r\n");

  server.pass(seconds_of(limits::write_time_max) - 1);
  EXPECT_EQ(server.counts().slow_readers_closed, 0U);
  server.pass(seconds_of(limits::write_time_max));

  EXPECT_EQ(server.counts().slow_readers_closed, 1U);
  EXPECT_EQ(other.request("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace lockstep::test
