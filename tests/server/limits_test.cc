// SPDX-License-Identifier: Apache-2.0
// Limits on one address, one user and one turn of the strand, over real sockets.
#include "server/base/limits.h"

#include <gtest/gtest.h>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

constexpr std::string_view as_json = "Accept: application/json\r\n";

ServerRules rules_of(RateRules rate) {
  ServerRules rules;
  rules.rate = std::move(rate);
  return rules;
}

std::string put_of(std::size_t bytes) {
  return R"({"changes":[{"type":"put_message","message":{"id":"m","text":")" +
         std::string(bytes, 'x') + "\"}}]}";
}

TEST(Limits, CountForTheClientOfATrustedProxy) {
  FrontFixture server(rules_of({.requests_per_second = 1,
                                .burst = 3,
                                .connections_max = 2,
                                .proxies = {*parse_range("127.0.0.0/8")}}));
  Client proxy(server.port());
  const std::string ada = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n";
  const std::string bob = "Forwarded: for=\"[2001:db8::1]:80\"\r\n";

  for (int at = 0; at < 3; ++at) {
    EXPECT_EQ(proxy.request("GET", "/v1/threads", {}, ada).status, 200);
  }
  const Reply refused = proxy.request("GET", "/v1/threads", {}, ada);

  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(proxy.request("GET", "/v1/threads", {}, bob).status, 200);
  EXPECT_EQ(proxy.request("GET", "/v1/threads").status, 200);
}

TEST(Limits, IgnoreTheForwardedAddressOfAnUntrustedOne) {
  FrontFixture server(rules_of(
      {.requests_per_second = 1, .burst = 2, .connections_max = 2, .counts_loopback = true}));
  Client client(server.port());

  EXPECT_EQ(client.request("GET", "/healthz", {}, "X-Forwarded-For: 1.1.1.1\r\n").status, 200);
  EXPECT_EQ(client.request("GET", "/healthz", {}, "X-Forwarded-For: 2.2.2.2\r\n").status, 200);
  EXPECT_EQ(client.request("GET", "/healthz", {}, "X-Forwarded-For: 3.3.3.3\r\n").status, 429);
}

TEST(Limits, CountStreamsBehindAProxyAsConnectionsOfTheirClient) {
  FrontFixture server(rules_of({.connections_max = 1, .proxies = {*parse_range("127.0.0.1")}}));
  const std::string ada = "X-Forwarded-For: 203.0.113.7\r\n";
  Client first(server.port());
  Client second(server.port());

  first.send(request_text("GET", "/v1/feed", {}, ada));
  first.read_head();

  EXPECT_EQ(second.request("GET", "/healthz", {}, ada).status, 429);
  Client third(server.port());
  EXPECT_EQ(third.request("GET", "/healthz", {}, "X-Forwarded-For: 203.0.113.8\r\n").status, 200);
}

RateRules for_users(UserRules users) {
  RateRules rate{.connections_max = 10, .counts_loopback = true};
  rate.users = users;
  return rate;
}

TEST(Limits, CountAUsersRequestsOverAllConnections) {
  FrontFixture server(rules_of(for_users({.requests_per_second = 1, .burst = 2})));

  for (int at = 0; at < 2; ++at) {
    EXPECT_EQ(Client(server.port()).request("GET", "/v1/threads").status, 200);
  }
  const Reply refused = Client(server.port()).request("GET", "/v1/threads");

  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.body.find("\"too_many\""), std::string::npos);
  EXPECT_EQ(Client(server.port()).request("GET", "/healthz").status, 200);
}

TEST(Limits, CountAUsersOpenRequests) {
  FrontFixture server(rules_of(for_users({.open_max = 1})));
  {
    Client stream(server.port());
    stream.send(request_text("GET", "/v1/feed", {}, {}));
    stream.read_head();

    EXPECT_EQ(Client(server.port()).request("GET", "/v1/threads").status, 429);
  }
  int status = 429;
  for (int look = 0; status == 429 && look < 1000; ++look) {
    status = Client(server.port()).request("GET", "/v1/threads").status;
  }
  EXPECT_EQ(status, 200);
}

TEST(Limits, CountTheBytesOfAUsersBodies) {
  FrontFixture server(rules_of(for_users({.bytes_max = 1000})));

  const Reply large =
      Client(server.port()).request("POST", "/v1/threads/t/sync", put_of(2000), as_json);
  const Reply small =
      Client(server.port()).request("POST", "/v1/threads/t/sync", put_of(100), as_json);

  EXPECT_EQ(large.status, 429);
  EXPECT_EQ(large.headers.at("retry-after"), "1");
  EXPECT_EQ(small.status, 200);
}

TEST(Limits, CloseASocketWhoseUserHasTooManyBytesOpen) {
  FrontFixture server(rules_of(for_users({.bytes_max = 1000})));
  Client client(server.port());
  ASSERT_EQ(client.upgrade().status, 101);

  client.send_frame(0x01, std::string(2000, 'x'));
  const Client::Frame frame = client.read_frame();

  EXPECT_EQ(frame.opcode, 8U);
  EXPECT_EQ(frame.payload.substr(0, 2), "\x03\xf5");
}

TEST(ALargeBody, IsNotReadInATurnOfTheStrand) {
  FrontFixture server;
  Client client(server.port());

  const Reply put = client.request("POST", "/v1/threads/t/sync", put_of(1 << 20), as_json);
  const Reply bad = client.request("POST", "/v1/threads/t/sync",
                                   "{\"x\":[" + std::string(1 << 20, '[') + "}", as_json);

  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(bad.status, 413);
  EXPECT_LE(server.counts().turn_bytes, limits::turn_bytes_max);
  EXPECT_EQ(client.request("POST", "/v1/threads/t/sync", put_of(1000), as_json).status, 200);
  EXPECT_GT(server.counts().turn_bytes, 1000U);
}

TEST(ALargeMessage, IsNotReadInATurnAndKeepsItsPlace) {
  FrontFixture server;
  Client client(server.port());
  ASSERT_EQ(client.upgrade().status, 101);
  const std::string large = put_of(1 << 20);

  client.send_text(R"({"sync":{"id":"a","thread":"t","follow":"none",)" + large.substr(1) + "}");
  client.send_text(R"({"sync":{"id":"b","thread":"t","follow":"none",)" + put_of(10).substr(1) +
                   "}");

  const std::string first = client.read_frame().payload;
  EXPECT_NE(first.find(R"("id":"a")"), std::string::npos) << first.substr(0, 300);
  EXPECT_NE(first.find(R"("frame":"diff")"), std::string::npos);
  EXPECT_LE(server.counts().turn_bytes, limits::turn_bytes_max);
}

}  // namespace
}  // namespace lockstep::test
