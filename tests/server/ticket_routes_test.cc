// SPDX-License-Identifier: Apache-2.0
// Tickets over a real socket: which routes they open, and which not.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

constexpr std::string_view alice = "Authorization: Bearer alice\r\n";
constexpr std::string_view bob = "Authorization: Bearer bob\r\n";

boost::json::object object_of(const Reply& reply) {
  return boost::json::parse(reply.body).as_object();
}

class Ticket : public testing::Test {
 protected:
  // A thread `t1` of the user `ada`.
  void SetUp() override {
    Client client(server.port());
    const Reply made = client.request("POST", "/v1/threads/t1/sync",
                                      R"({"changes":[{"type":"update_thread","title":"x"}]})",
                                      std::string(alice) + "Accept: application/json\r\n");
    ASSERT_EQ(made.status, 200);
  }

  std::string ticket(std::string_view token = alice) {
    const Reply reply = Client(server.port()).request("POST", "/v1/tickets", {}, token);
    return std::string(object_of(reply).at("ticket").as_string());
  }

  // The head of the answer; a stream's is not read on.
  int status_of(const std::string& target, std::string_view headers = {}) {
    Client client(server.port());
    client.send(request_text("GET", target, {}, headers));
    return client.read_head().status;
  }

  // Opens a socket with this query. Returns its first answer, or the code of its close.
  std::string socket_says(const std::string& query, std::string_view headers = {}) {
    Client client(server.port());
    client.send(request_text("GET", "/v1/socket" + query, {},
                             "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                                 std::string(headers)));
    EXPECT_EQ(client.read_head().status, 101);
    client.send_text(R"({"sync":{"id":"q","thread":"t1","follow":"none"}})");
    const Client::Frame frame = client.read_frame();
    if (frame.opcode == 1) return frame.payload.find("\"t1\"") != std::string::npos ? "t1" : "none";
    return std::to_string(static_cast<unsigned char>(frame.payload[0]) << 8 |
                          static_cast<unsigned char>(frame.payload[1]));
  }

  FrontFixture server{{}, two_users()};
};

TEST_F(Ticket, IsGivenToAClientWithAToken) {
  Client client(server.port());

  const Reply given = client.request("POST", "/v1/tickets", {}, alice);

  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(object_of(given).at("ticket").as_string().size(), 64U);
  EXPECT_EQ(object_of(given).at("expires_in"), 60);
  EXPECT_EQ(given.headers.at("cache-control"), "no-store");
  EXPECT_EQ(client.request("POST", "/v1/tickets").status, 401);
  EXPECT_EQ(client.request("GET", "/v1/tickets", {}, alice).status, 405);
  EXPECT_EQ(client.request("POST", "/v1/tickets", R"({"for":"ever"})", alice).status, 422);
  EXPECT_EQ(client.request("POST", "/v1/tickets?ticket=" + ticket(), {}, alice).status, 422);
}

TEST_F(Ticket, OpensAStreamOnceForItsUser) {
  const std::string events = "/v1/threads/t1/events?follow=live&ticket=";
  const std::string first = ticket();

  EXPECT_EQ(status_of(events + first), 200);
  EXPECT_EQ(status_of(events + first), 401);
  EXPECT_EQ(status_of(events + ticket(bob)), 404);
  EXPECT_EQ(status_of("/v1/feed?ticket=" + ticket()), 200);
  EXPECT_EQ(socket_says("?ticket=" + ticket()), "t1");
}

TEST_F(Ticket, ThatIsInvalidIsRefusedWithAnyToken) {
  const std::string used = ticket();
  ASSERT_EQ(status_of("/v1/feed?ticket=" + used), 200);

  for (const std::string& none : {used, std::string(), std::string(64, '0')}) {
    EXPECT_EQ(status_of("/v1/feed?ticket=" + none, alice), 401) << none;
    EXPECT_EQ(status_of("/v1/threads/t1/events?ticket=" + none, alice), 401) << none;
    EXPECT_EQ(socket_says("?ticket=" + none, alice), "4401") << none;
  }
  EXPECT_EQ(socket_says("", alice), "t1");
}

TEST_F(Ticket, IsTooOldAfterAMinute) {
  const std::string early = ticket();
  const std::string late = ticket();
  server.pass(60);
  EXPECT_EQ(status_of("/v1/feed?ticket=" + early), 200);

  server.pass(2);

  EXPECT_EQ(status_of("/v1/feed?ticket=" + late), 401);
}

TEST_F(Ticket, OpensNothingElse) {
  for (const std::string path :
       {"/v1/threads", "/v1/threads/t1", "/v1/threads/t1/runs/r", "/v1/threads/t1/messages"}) {
    const std::string target = path + "?ticket=" + ticket();

    EXPECT_EQ(status_of(target), 401) << path;

    const Reply reply = Client(server.port()).request("GET", target, {}, alice);
    EXPECT_EQ(reply.status, 422) << path;
    EXPECT_EQ(object_of(reply).at("code"), "unknown_field");
    EXPECT_EQ(object_of(reply).at("path"), "?ticket");
  }
}

TEST_F(Ticket, LeavesTheRestOfTheQueryAsItWas) {
  Client client(server.port());
  const std::string events = "/v1/threads/t1/events?";

  const Reply twice = client.request("GET", events + "ticket=" + ticket() + "&ticket=" + ticket());
  const Reply other = client.request("GET", events + "ticket=" + ticket() + "&colour=red");
  const Reply after = client.request("GET", events + "after=x&ticket=" + ticket());

  EXPECT_EQ(object_of(twice).at("code"), "invalid");
  EXPECT_EQ(object_of(twice).at("path"), "?ticket");
  EXPECT_EQ(object_of(other).at("path"), "?colour");
  EXPECT_EQ(object_of(after).at("path"), "?after");
}

TEST(TicketWithoutTokens, IsGivenAndTakenAllTheSame) {
  FrontFixture server;
  Client client(server.port());
  const Reply given = client.request("POST", "/v1/tickets");
  const std::string ticket(object_of(given).at("ticket").as_string());

  const Reply used = client.request("HEAD", "/v1/feed?ticket=" + ticket);
  const Reply again = Client(server.port()).request("HEAD", "/v1/feed?ticket=" + ticket);

  EXPECT_EQ(used.status, 200);
  EXPECT_EQ(again.status, 401);
}

}  // namespace
}  // namespace lockstep::test
