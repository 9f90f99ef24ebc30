// SPDX-License-Identifier: Apache-2.0
#include "server/inference/endpoint.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(ParseEndpoint, TakesHttpAndHttpsUrls) {
  EXPECT_EQ(*parse_endpoint("https://api.x.com/v1/"), (Endpoint{true, "api.x.com", "443", "/v1"}));
  EXPECT_EQ(*parse_endpoint("http://127.0.0.1:8080"), (Endpoint{false, "127.0.0.1", "8080", ""}));
  EXPECT_EQ(*parse_endpoint("http://[::1]:1/a/b"), (Endpoint{false, "::1", "1", "/a/b"}));
}

TEST(ParseEndpoint, NamesARefusedEndpointWithoutItsSecrets) {
  for (const std::string bad : {"https://user:hush-hush@x.com/v1", "https://hush-hush@x.com/v1",
                                "https://x.com/v1?key=hush", "https://x.com/v1#hush",
                                "https://user:a?hush/@b#hush@x.com/v1", "user:hush@x.com",
                                "ftp://hush@x.com", "https://x.com/v1?a=b@hush"}) {
    const auto endpoint = parse_endpoint(bad);

    ASSERT_FALSE(endpoint) << bad;
    EXPECT_EQ(endpoint.error().detail.find("hush"), std::string::npos) << endpoint.error().detail;
  }
}

TEST(ParseEndpoint, RefusesEveryOtherUrl) {
  for (const std::string bad :
       {"", "api.x.com/v1", "ftp://x/", "http://", "http://u:p@x/", "http://x/?a=b", "http://x/#y",
        "http://x/a b", "http://x/\r\nHost: y"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

TEST(ParseEndpoint, TellsWhereAQueryAndAKeyBelong) {
  const auto query = parse_endpoint("https://x.test/v1?api-version=1");
  const auto user = parse_endpoint("https://u:p@x.test/v1");

  EXPECT_NE(query.error().detail.find("the agent's table `query`"), std::string::npos);
  EXPECT_NE(user.error().detail.find("`api_key_env`"), std::string::npos);
}

TEST(Endpoint, IsWrittenAsAUrlWithoutAPortThatTheSchemeImplies) {
  for (const std::string url : {"https://a.test/v1", "http://a.test:8080/v1", "http://[::1]:1"}) {
    EXPECT_EQ(url_of(*parse_endpoint(url)), url);
  }
}

TEST(Endpoint, LoopbackIsThisMachineInEverySpelling) {
  for (const std::string host : {"localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "::1"}) {
    EXPECT_TRUE(is_this_machine(host)) << host;
  }
  for (const std::string host : {"notlocalhost", "localhost.test", "128.0.0.1", "::2", "0.0.0.0"}) {
    EXPECT_FALSE(is_this_machine(host)) << host;
  }
}

}  // namespace
}  // namespace lockstep
