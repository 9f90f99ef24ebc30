// SPDX-License-Identifier: Apache-2.0
// The address of a client, behind proxies.
#include "server/net/client_address.h"

#include <gtest/gtest.h>

#include "server/net/http_message.h"
#include "server/net/rate_limit.h"

namespace lockstep {
namespace {

std::vector<AddressRange> ranges(const std::vector<std::string>& texts) {
  std::vector<AddressRange> all;
  for (const std::string& text : texts) all.push_back(parse_range(text).value());
  return all;
}

struct Asked {
  std::string peer;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string client;
};

TEST(ClientAddress, IsTheLastOneThatNoTrustedProxyHas) {
  const std::vector<AddressRange> trusted =
      ranges({"127.0.0.0/8", "::1", "10.0.0.0/8", "fd00::/8"});
  const std::string x = "x-forwarded-for";
  const std::string f = "forwarded";
  const std::vector<Asked> table{
      {"203.0.113.1", {{x, "198.51.100.7"}}, "203.0.113.1"},
      {"203.0.113.1", {{f, "for=198.51.100.7"}}, "203.0.113.1"},
      {"127.0.0.1", {}, "127.0.0.1"},
      {"127.0.0.1", {{x, "198.51.100.7"}}, "198.51.100.7"},
      {"127.0.0.1", {{x, "6.6.6.6, 198.51.100.7"}}, "198.51.100.7"},
      {"127.0.0.1", {{x, "6.6.6.6, 198.51.100.7, 10.1.2.3"}}, "198.51.100.7"},
      {"127.0.0.1", {{x, "6.6.6.6"}, {x, "198.51.100.7"}, {x, "10.1.2.3"}}, "198.51.100.7"},
      {"127.0.0.1", {{x, "10.1.2.3"}}, "10.1.2.3"},
      {"127.0.0.1", {{x, "198.51.100.7:4711"}}, "198.51.100.7"},
      {"::1", {{x, "2001:DB8:0::1"}}, "2001:db8::1"},
      {"::1", {{x, "[2001:db8::1]:4711"}}, "2001:db8::1"},
      {"::ffff:127.0.0.1", {{x, "::ffff:198.51.100.7"}}, "198.51.100.7"},
      {"127.0.0.1", {{x, "6.6.6.6, unknown"}}, "unknown"},
      {"127.0.0.1", {{x, "6.6.6.6, garbage, 10.1.2.3"}}, "unknown"},
      {"127.0.0.1", {{x, "6.6.6.6,"}}, "unknown"},
      {"127.0.0.1", {{x, "fe80::1%eth0"}}, "unknown"},
      {"127.0.0.1", {{f, "for=198.51.100.7"}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "For=\"198.51.100.7:80\";proto=https;by=10.0.0.1"}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "proto=https; for=\"[2001:db8::1]:4711\""}}, "2001:db8::1"},
      {"127.0.0.1", {{f, "for=6.6.6.6, for=198.51.100.7, for=10.0.0.9"}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "for=6.6.6.6"}, {f, "for=198.51.100.7"}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "for=6.6.6.6, for=_hidden"}}, "unknown"},
      {"127.0.0.1", {{f, "for=6.6.6.6, for=unknown"}}, "unknown"},
      {"127.0.0.1", {{f, "for=6.6.6.6, proto=http"}}, "unknown"},
      {"127.0.0.1", {{f, "for=\"a,for=6.6.6.6\""}}, "unknown"},
      {"127.0.0.1", {{f, "for=\"1\\98.51.100.7\""}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "for=198.51.100.7"}, {x, "6.6.6.6"}}, "198.51.100.7"},
      {"127.0.0.1", {{f, "\""}}, "unknown"},
      {"127.0.0.1", {{f, "proto=https"}, {x, "198.51.100.7"}}, "unknown"},
  };

  for (const Asked& asked : table) {
    Request request;
    request.headers = asked.headers;
    EXPECT_EQ(client_address(asked.peer, request, trusted), asked.client)
        << (asked.headers.empty() ? asked.peer : asked.headers.front().second);
  }
}

TEST(AddressRange, IsAnAddressOrSoManyBitsOfOne) {
  EXPECT_EQ(parse_range("10.0.0.0/8"), parse_range("::ffff:10.0.0.0/104"));
  EXPECT_TRUE(parse_range("0.0.0.0/0") && parse_range("::/0") && parse_range("::1"));
  for (const std::string_view wrong : {"", "10.0.0", "10.0.0.0/33", "::1/129", "10.0.0.0/", "a/8",
                                       "10.0.0.0/-1", "10.0.0.0/8/8", "localhost"}) {
    EXPECT_FALSE(parse_range(wrong)) << wrong;
  }
}

TEST(ClientAddress, ThatIsUnknownIsLimitedLikeAnyOther) {
  RateRules rules;
  rules.requests_per_second = 1;
  rules.burst = 2;
  rules.proxies = ranges({"127.0.0.1"});
  RateLimit rate(rules, true);
  Request request;
  request.headers = {{"x-forwarded-for", "_hidden"}};
  const std::string address = client_address("127.0.0.1", request, rules.proxies);

  EXPECT_TRUE(rate.may_ask(address, Tick(1)));
  EXPECT_TRUE(rate.may_ask(address, Tick(1)));
  EXPECT_FALSE(rate.may_ask(address, Tick(1)));
}

TEST(ClientAddress, OfAProxyThatAsksForItselfIsLimitedWhereThisMachineIs) {
  RateRules rules;
  rules.requests_per_second = 1;
  rules.burst = 1;
  rules.connections_max = 1;
  rules.proxies = ranges({"127.0.0.1"});
  rules.counts_loopback = true;
  RateLimit rate(rules, true);

  EXPECT_TRUE(rate.may_ask("127.0.0.1", Tick(1)));
  EXPECT_FALSE(rate.may_ask("127.0.0.1", Tick(1)));
  for (int connections = 0; connections < 50; ++connections) {
    ASSERT_TRUE(rate.connected("127.0.0.1")) << "its connections are those of many";
  }
}

}  // namespace
}  // namespace lockstep
