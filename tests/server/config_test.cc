// Settings, tokens and limits.
#include "server/config.h"

#include <gtest/gtest.h>

#include "engine/digest.h"
#include "server/auth.h"
#include "server/front/rate_limit.h"

namespace lockstep {
namespace {

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

std::string fault_of(std::string_view toml) {
  const auto config = load_config({{}, no_environment, "file"}, toml);
  return config ? std::string() : config.error().detail;
}

TEST(Config, AFlagComesBeforeTheEnvironmentAndThatBeforeTheFile) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "LOCKSTEP_DATA") return "/environment";
    if (name == "LOCKSTEP_LOG_LEVEL") return "debug";
    return std::nullopt;
  };

  const auto config =
      load_config({{{"data", "/flag"}}, environment, "file"},
                  "data = \"/file\"\nlog_level = \"error\"\nlisten = \"127.0.0.1:99\"\n");

  ASSERT_TRUE(config.has_value()) << config.error().detail;
  EXPECT_EQ(config->data, "/flag");
  EXPECT_EQ(config->log_level, LineLog::Level::debug);
  EXPECT_EQ(config->port, 99);
}

TEST(Config, WhatIsWrongIsNamedByItsPath) {
  EXPECT_EQ(fault_of("colour = 1"), "colour is not known");
  EXPECT_EQ(fault_of("[limits]\nspeed = 1"), "limits.speed is not known");
  EXPECT_EQ(fault_of("listen = \"here\""), "listen must be HOST:PORT");
  EXPECT_EQ(fault_of("listen = \"here:70000\""), "listen must end with a port, 0 to 65535");
  EXPECT_EQ(fault_of("log_json = 5"), "log_json must be true or false");
  EXPECT_EQ(fault_of("agents = 5"), "agents must be a table");
  EXPECT_EQ(fault_of("[agents.a]\nx = []"), "agents.a.x must be a text, a number or a flag");
  EXPECT_EQ(fault_of("a = "),
            "file line 1: Error while parsing key-value pair: encountered end-of-file");
}

TEST(Config, ReadsAnIpv6Address) {
  const auto config = load_config({{{"listen", "[::1]:80"}}, no_environment, ""}, {});

  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->host, "::1");
  EXPECT_EQ(config->port, 80);
}

TEST(Auth, FindsTheUserOfATokenByItsHash) {
  const Token token{"laptop", UserId("ada"), sha256("secret")};

  const auto auth = Auth::parse(token_lines(token), "tokens");

  ASSERT_TRUE(auth.has_value()) << auth.error().detail;
  EXPECT_EQ(auth->user_of("secret"), UserId("ada"));
  EXPECT_EQ(auth->user_of("secreT"), std::nullopt);
  EXPECT_EQ(auth->user_of(std::nullopt), std::nullopt);
  EXPECT_EQ(Auth().user_of(std::nullopt), UserId("local"));
}

TEST(Auth, AFileThatIsNotAsItShouldBeIsRefused) {
  EXPECT_FALSE(Auth::parse("", "f").has_value());
  EXPECT_FALSE(Auth::parse("[users]", "f").has_value());
  EXPECT_EQ(Auth::parse("[tokens.a]\nuser = \"u\"\nsha256 = \"12\"", "f").error().detail,
            "f: tokens.a.sha256 must be 64 hex digits");
  EXPECT_EQ(Auth::parse("[tokens.a]\nuser = \"u\"\nage = 5", "f").error().detail,
            "f: tokens.a.age is not known");
}

TEST(Auth, KnowsWhatLoopbackIs) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.0.0.1:80"));
  EXPECT_TRUE(is_loopback("[::1]:80"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("127.0.0.1.evil.example"));
  EXPECT_FALSE(is_loopback("::"));
}

TEST(RateLimit, GivesBackARequestASecond) {
  RateLimit rate(
      {.requests_per_second = 1, .burst = 2, .connections_max = 5, .counts_loopback = true});
  ASSERT_TRUE(rate.connected("a"));

  EXPECT_TRUE(rate.may_ask("a", Tick(10)));
  EXPECT_TRUE(rate.may_ask("a", Tick(10)));
  EXPECT_FALSE(rate.may_ask("a", Tick(10)));
  EXPECT_TRUE(rate.may_ask("a", Tick(11)));
  EXPECT_FALSE(rate.may_ask("a", Tick(11)));
}

TEST(RateLimit, ForgetsWhoOwesNothing) {
  RateLimit rate(
      {.requests_per_second = 1, .burst = 2, .connections_max = 1, .counts_loopback = true});
  ASSERT_TRUE(rate.connected("a"));
  EXPECT_FALSE(rate.connected("a"));
  ASSERT_TRUE(rate.may_ask("a", Tick(1)));
  rate.disconnected("a");

  rate.sweep(Tick(1));
  EXPECT_EQ(rate.addresses(), 1U);
  rate.sweep(Tick(9));
  EXPECT_EQ(rate.addresses(), 0U);
}

}  // namespace
}  // namespace lockstep
