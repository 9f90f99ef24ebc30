// SPDX-License-Identifier: Apache-2.0
// The rules of HTTP and WebSocket for headers, as tables.
#include "server/net/http_rules.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Request request_with(Headers headers, bool is_http_1_0 = false) {
  Request request;
  request.method = "GET";
  request.target = "/";
  request.headers = std::move(headers);
  request.is_http_1_0 = is_http_1_0;
  return request;
}

std::string code_of(const std::optional<Problem>& problem) {
  return problem ? problem->code : std::string();
}

struct FramingCase {
  Headers headers;
  bool is_http_1_0;
  std::string_view code;  // of the refusal; empty: none
};

TEST(ARequestsFraming, IsReadInOneWayOrNotAtAll) {
  const std::string te = "transfer-encoding";
  const std::vector<FramingCase> table{
      {{}, false, ""},
      {{{"content-length", "5"}}, false, ""},
      {{{te, "chunked"}}, false, ""},
      {{{te, "CHUNKED"}}, false, ""},
      {{{te, "\tchunked "}}, false, ""},
      {{{te, "xchunked"}}, false, "malformed"},
      {{{te, "chunked, identity"}}, false, "malformed"},
      {{{te, "\"chunked\""}}, false, "malformed"},
      {{{te, "chunked, chunked"}}, false, "malformed"},
      {{{te, "chunked"}, {te, "chunked"}}, false, "malformed"},
      {{{te, "identity"}}, false, "malformed"},
      {{{te, "chunked, gzip"}}, false, "malformed"},
      {{{te, "chunked;q=1"}}, false, "malformed"},
      {{{te, ""}}, false, "malformed"},
      {{{te, "chunked,"}}, false, "malformed"},
      {{{te, ", chunked"}}, false, "malformed"},
      {{{te, "gzip, chunked"}}, false, "not_implemented"},
      {{{te, "gzip"}, {te, "chunked"}}, false, "not_implemented"},
      {{{te, "chunked"}, {"content-length", "5"}}, false, "malformed"},
      {{{te, "chunked"}}, true, "malformed"},
  };

  for (const FramingCase& each : table) {
    EXPECT_EQ(code_of(check_framing(request_with(each.headers, each.is_http_1_0))), each.code)
        << (each.headers.empty() ? "" : each.headers.front().second);
  }
}

TEST(ARequestsFields, AreThereOnceAndHaveValuesThatTheServerKnows) {
  const std::vector<FramingCase> table{
      {{{"host", "a"}}, false, ""},
      {{}, false, "malformed"},
      {{}, true, ""},
      {{{"host", "a"}, {"host", "a"}}, false, "malformed"},
      {{{"host", "a"}, {"authorization", "x"}, {"authorization", "y"}}, false, "malformed"},
      {{{"host", "a"}, {"origin", "x"}, {"origin", "x"}}, false, "malformed"},
      {{{"host", "a"}, {"sec-websocket-key", "x"}, {"sec-websocket-key", "x"}}, false, "malformed"},
      {{{"host", "a"}, {"content-type", "x"}, {"content-type", "x"}}, false, "malformed"},
      {{{"host", "a"}, {"accept", "x"}, {"accept", "y"}}, false, ""},
      {{{"host", "a"}, {"content-encoding", "gzip"}}, false, "unsupported_media_type"},
      {{{"host", "a"}, {"content-encoding", "identity, br"}}, false, "unsupported_media_type"},
      {{{"host", "a"}, {"content-encoding", "Identity"}}, false, ""},
      {{{"host", "a"}, {"expect", "100-CONTINUE"}}, false, ""},
      {{{"host", "a"}, {"expect", "magic"}}, false, "expectation_failed"},
      {{{"host", "a"}, {"expect", "magic"}}, true, ""},
  };

  for (const FramingCase& each : table) {
    EXPECT_EQ(code_of(check_fields(request_with(each.headers, each.is_http_1_0))), each.code)
        << (each.headers.empty() ? "" : each.headers.back().first);
  }
}

TEST(AHost, IsANameOrAnAddressWithAPortAtMost) {
  const std::vector<std::pair<std::string_view, std::optional<std::string_view>>> table{
      {"localhost", "localhost"},
      {"localhost:8080", "localhost"},
      {"localhost:", "localhost"},
      {"", ""},
      {"127.0.0.1:1", "127.0.0.1"},
      {"[::1]", "[::1]"},
      {"[::1]:80", "[::1]"},
      {"[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]"},
      {"[::1]evil.com", std::nullopt},
      {"[::1", std::nullopt},
      {"[]", std::nullopt},
      {"[evil]", std::nullopt},
      {"localhost:abc", std::nullopt},
      {"localhost:80:80", std::nullopt},
      {"::1", std::nullopt},
      {"a b", std::nullopt},
      {"a/b", std::nullopt},
      {"user@localhost", std::nullopt},
  };

  for (const auto& [authority, host] : table) EXPECT_EQ(host_of(authority), host) << authority;
}

TEST(AMediaType, HasNoCaseAndMayHaveParameters) {
  EXPECT_TRUE(is_media_type("application/json", "application/json"));
  EXPECT_TRUE(is_media_type("Application/JSON", "application/json"));
  EXPECT_TRUE(is_media_type("application/json ; charset=utf-8", "application/json"));
  EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
  EXPECT_FALSE(is_media_type("", "application/json"));
}

Headers handshake(Headers more = {}) {
  Headers headers{{"connection", "keep-alive, Upgrade"},
                  {"upgrade", "WebSocket"},
                  {"sec-websocket-version", "13"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

TEST(AHandshake, IsAGetOverHttp11WithAKeyAndWithoutABody) {
  const std::pair<std::string, std::string> key{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="};
  const std::vector<FramingCase> table{
      {handshake({key}), false, ""},
      {handshake({key, {"content-length", "0"}}), false, ""},
      {handshake({key, {"sec-websocket-protocol", "x, lockstep.v1.json"}}), false, ""},
      {handshake({key, {"sec-websocket-protocol", "x"}}), false, "invalid"},
      {handshake({key}), true, "upgrade_required"},
      {handshake({key, {"content-length", "5"}}), false, "malformed"},
      {handshake({key, {"transfer-encoding", "chunked"}}), false, "malformed"},
      {handshake(), false, "malformed"},
      {handshake({{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ="}}), false, "malformed"},
      {handshake({{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==="}}), false, "malformed"},
      {handshake({{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQab"}}), false, "malformed"},
      {handshake({{"sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!=="}}), false, "malformed"},
      {{key}, false, "upgrade_required"},
  };

  for (const FramingCase& each : table) {
    EXPECT_EQ(code_of(check_handshake(request_with(each.headers, each.is_http_1_0))), each.code)
        << each.headers.back().first << ": " << each.headers.back().second;
  }
}

TEST(ATarget, MayNameTheServerBeforeThePath) {
  const auto whole = parse_target("HTTP://localhost:80/v1/threads?limit=3");
  const auto bare = parse_target("https://localhost");
  const auto query = parse_target("http://localhost?a=b");

  ASSERT_TRUE(whole && bare && query);
  EXPECT_EQ(whole->authority, "localhost:80");
  EXPECT_EQ(whole->path, (std::vector<std::string>{"v1", "threads"}));
  EXPECT_EQ(whole->query.front().second, "3");
  EXPECT_TRUE(bare->path.empty());
  EXPECT_EQ(query->query.front().first, "a");
  EXPECT_EQ(parse_target("/v1")->authority, std::nullopt);
  for (const std::string_view wrong : {"ftp://a/", "http:///x", "http://u@a/", "http://[::1]a/",
                                       "http://", "http:/a", "localhost:80", "*", "", "v1"}) {
    EXPECT_FALSE(parse_target(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lockstep
