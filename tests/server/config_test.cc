// SPDX-License-Identifier: Apache-2.0
// Settings, tokens and limits.
#include "server/base/config.h"

#include <gtest/gtest.h>

#include "engine/rules/digest.h"
#include "server/base/auth.h"
#include "server/base/origins.h"
#include "server/net/rate_limit.h"

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

TEST(Config, TheDefaultsInTheHelpAreTheRealOnes) {
  const auto silent = load_config({{}, no_environment, ""}, {});
  ASSERT_TRUE(silent.has_value());

  for (const Setting& setting : settings()) {
    if (setting.fallback.empty()) continue;
    const std::pair flag{std::string(setting.name), std::string(setting.fallback)};
    const auto said = load_config({{flag}, no_environment, ""}, {});

    ASSERT_TRUE(said.has_value()) << setting.name << said.error().detail;
    EXPECT_EQ(printed(*said), printed(*silent)) << setting.name;
  }
}

TEST(Config, AWrongSettingIsNamedByItsPath) {
  EXPECT_EQ(fault_of("colour = 1"), "file line 1: colour is not a known setting: check its name");
  EXPECT_EQ(fault_of("[limits]\nspeed = 1"),
            "file line 2: limits.speed is not a known setting: check its name");
  EXPECT_EQ(fault_of("listen = \"here\""), "file line 1: listen must be HOST:PORT");
  EXPECT_EQ(fault_of("listen = \"here:70000\""),
            "file line 1: listen must end with a port, 0 to 65535");
  EXPECT_EQ(fault_of("log_json = 5"), "file line 1: log_json must be true or false");
  EXPECT_EQ(fault_of("agents = 5"), "file line 1: agents must be a table");
  EXPECT_EQ(fault_of("[agents.a]\nx = 2020-01-01"),
            "file line 2: agents.a.x is a date or a time, which JSON does not have: write it as a "
            "text");
  EXPECT_EQ(fault_of("a = "),
            "file line 1: Error while parsing key-value pair: encountered end-of-file");
}

TEST(Config, ReadsTablesAndArraysOfAnAgentAsJsonInTheOrderOfTheFile) {
  const auto config = load_config({{}, no_environment, ""}, R"(
[agents.a]
models = ["big", "small"]
headers = { b = "1", a = "2" }
[agents.a.params]
temperature = 1.0
max_tokens = 200
top_p = 1e-2
stop = ["\n", "END"]
[agents.a.params.response_format]
type = "json_schema"
json_schema = { strict = true, about = { z = 1, a = [] } }
[[agents.a.tools]]
type = "function"
[[agents.a.tools]]
type = "other"
)");

  ASSERT_TRUE(config.has_value()) << config.error().detail;
  const auto& fields = config->agents[0].fields;
  const auto json = [&](const char* name) { return std::get<Json>(fields.at(name)).text; };
  EXPECT_EQ(json("models"), R"(["big","small"])");
  EXPECT_EQ(json("params"),
            R"({"temperature":1.0,"max_tokens":200,"top_p":0.01,"stop":["\n","END"],)"
            R"("response_format":{"type":"json_schema",)"
            R"("json_schema":{"strict":true,"about":{"z":1,"a":[]}}}})");
  EXPECT_EQ(json("tools"), R"([{"type":"function"},{"type":"other"}])");
  EXPECT_EQ((std::get<std::map<std::string, std::string>>(fields.at("headers")).size()), 2u);
}

TEST(Config, NamesTheMemberOfATableThatHasNoFormInJson) {
  EXPECT_EQ(fault_of("[agents.a.params]\nx = [1, { y = inf }]"),
            "file line 2: agents.a.params.x[1].y has no form in JSON: use a number");
  EXPECT_EQ(fault_of("[agents.a.params.deep]\nday = 2020-01-01"),
            "file line 2: agents.a.params.deep.day is a date or a time, which JSON does not have: "
            "write it as a text");
  std::string deep = "1";
  for (int level = 0; level < 70; ++level) deep = "[" + deep + "]";
  EXPECT_TRUE(fault_of("[agents.a.params]\nx = " + deep).ends_with(" levels"));
}

TEST(Config, NamesTheProxiesThatAreTrustedAndTheLimitsOfUsers) {
  const auto config = load_config({{{"open_per_user", "7"}}, no_environment, ""},
                                  "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n"
                                  "[limits]\nbytes_per_user = 5\n");

  ASSERT_TRUE(config.has_value()) << config.error().detail;
  EXPECT_EQ(config->rate.proxies,
            (std::vector<AddressRange>{*parse_range("10.0.0.0/8"), *parse_range("::1")}));
  EXPECT_EQ(config->rate.users.open_max, 7U);
  EXPECT_EQ(config->rate.users.bytes_max, 5U);
  EXPECT_EQ(fault_of("trusted_proxies = [\"nginx\"]"),
            "file line 1: trusted_proxies has `nginx`: give an address or a range such as "
            "10.0.0.0/8");
}

TEST(Config, MemoryIsASizeWithItsUnitAndEnoughToServe) {
  const auto bytes_of = [](const std::string& text) {
    const auto config = load_config({{{"memory", text}}, no_environment, ""}, {});
    return config ? config->memory_bytes_max : 0;
  };

  EXPECT_EQ(bytes_of("64MiB"), std::size_t{64} << 20);
  EXPECT_EQ(bytes_of("2GiB"), std::size_t{2} << 30);
  EXPECT_EQ(bytes_of("134217728"), std::size_t{128} << 20);
  EXPECT_EQ(fault_of("memory = \"63MiB\""), "file line 1: memory must be at least 64MiB");
  EXPECT_EQ(fault_of("memory = \"1TB\""),
            "file line 1: memory must be a size: a number of bytes, or one with KiB, MiB or GiB");
  EXPECT_EQ(fault_of("memory = \"99999999999999999999GiB\""),
            "file line 1: memory must be a size: a number of bytes, or one with KiB, MiB or GiB");
  EXPECT_EQ(fault_of("memory = \"18446744073709551615KiB\""),
            "file line 1: memory must be a size: a number of bytes, or one with KiB, MiB or GiB");
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
  EXPECT_EQ(auth->caller_of("secret"), (Caller{UserId("ada"), sha256("secret")}));
  EXPECT_EQ(auth->caller_of("secreT"), std::nullopt);
  EXPECT_EQ(auth->caller_of(std::nullopt), std::nullopt);
  EXPECT_EQ(Auth().caller_of(std::nullopt), (Caller{UserId("local"), {}}));
}

TEST(Auth, AFileThatIsNotAsItShouldBeIsRefused) {
  EXPECT_FALSE(Auth::parse("", "f").has_value());
  EXPECT_FALSE(Auth::parse("[users]", "f").has_value());
  EXPECT_EQ(Auth::parse("[tokens.a]\nuser = \"u\"\nsha256 = \"12\"", "f").error().detail,
            "f line 1: tokens.a.sha256 must be 64 hex digits");
  EXPECT_EQ(Auth::parse("[tokens.a]\nuser = \"u\"\nage = 5", "f").error().detail,
            "f line 3: tokens.a.age is not a known field: a token has `user` or `produce`, and "
            "`sha256`");
}

TEST(Auth, AWorkersTokenHasAgentsAndNoUser) {
  const Token worker{"w", {}, sha256("secret"), {AgentName("one"), AgentName("two")}};
  const Token person{"laptop", UserId("w"), sha256("other")};

  const auto auth = Auth::parse(token_lines(worker) + token_lines(person), "tokens");

  ASSERT_TRUE(auth.has_value()) << auth.error().detail;
  EXPECT_EQ(auth->tokens()[1], worker);
  const auto caller = auth->caller_of("secret");
  ASSERT_TRUE(caller.has_value());
  EXPECT_FALSE(is_id(caller->user.get())) << "no thread can be its own";
  EXPECT_TRUE(auth->allows(*caller));
  EXPECT_EQ(auth->worker(*caller)->name, "w");
  EXPECT_TRUE(auth->may_claim(*caller, AgentName("two")));
  EXPECT_FALSE(auth->may_claim(*caller, AgentName("three")));
  const auto other = auth->caller_of("other");
  EXPECT_EQ(auth->worker(*other), nullptr);
  EXPECT_FALSE(auth->may_claim(*other, AgentName("one")));
  EXPECT_TRUE(Auth().may_claim(*Auth().caller_of({}), AgentName("one"))) << "without a token file";
}

TEST(Auth, AWorkersTokenThatIsNotAsItShouldBeIsRefused) {
  const std::string hash = "\nsha256 = \"" + to_hex(sha256("x")) + "\"";
  for (const char* wrong : {"produce = []", "produce = \"one\"", "produce = [\"a b\"]",
                            "produce = [1]", "produce = [\"one\"]\nuser = \"u\""}) {
    EXPECT_FALSE(Auth::parse("[tokens.a]\n" + std::string(wrong) + hash, "f")) << wrong;
  }
}

TEST(Auth, RecognisesLoopback) {
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
      {.requests_per_second = 1, .burst = 2, .connections_max = 5, .counts_loopback = true}, false);
  ASSERT_TRUE(rate.connected("a"));

  EXPECT_TRUE(rate.may_ask("a", Tick(10)));
  EXPECT_TRUE(rate.may_ask("a", Tick(10)));
  EXPECT_FALSE(rate.may_ask("a", Tick(10)));
  EXPECT_TRUE(rate.may_ask("a", Tick(11)));
  EXPECT_FALSE(rate.may_ask("a", Tick(11)));
}

TEST(RateLimit, CountsAUserOverAllAddresses) {
  RateRules rules;
  rules.users = {.requests_per_second = 1, .burst = 2, .open_max = 2, .bytes_max = 100};
  RateLimit rate(rules, true);

  EXPECT_TRUE(rate.user_may_ask("ada", Tick(1)));
  EXPECT_TRUE(rate.user_may_ask("ada", Tick(1)));
  EXPECT_FALSE(rate.user_may_ask("ada", Tick(1)));
  EXPECT_TRUE(rate.user_may_ask("bob", Tick(1)));
  {
    const auto first = rate.open_of("ada");
    const auto second = rate.open_of("ada");
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(rate.open_of("ada"));
    EXPECT_TRUE(rate.open_of("bob"));
  }
  EXPECT_TRUE(rate.open_of("ada"));
}

TEST(RateLimit, GivesTheBytesOfAUserBack) {
  RateRules rules;
  rules.users.bytes_max = 100;
  RateLimit rate(rules, true);
  UserBytes other;
  other.start(rate, "ada");

  {
    UserBytes body;
    body.start(rate, "ada");
    EXPECT_TRUE(body.set(80));
    EXPECT_TRUE(other.set(20));
    EXPECT_FALSE(other.set(21));
    EXPECT_TRUE(body.set(79));
    EXPECT_TRUE(other.set(21));
  }
  EXPECT_TRUE(other.set(100));
}

TEST(RateLimit, DoesNotCountTheOnlyUserThereIs) {
  RateRules rules;
  rules.users = {.requests_per_second = 1, .burst = 1, .open_max = 1, .bytes_max = 1};
  RateLimit rate(rules, false);
  const auto first = rate.open_of("local");

  EXPECT_TRUE(rate.open_of("local"));
  EXPECT_TRUE(rate.user_may_ask("local", Tick(1)) && rate.user_may_ask("local", Tick(1)));
  EXPECT_TRUE(rate.hold_bytes("local", 0, 1000));
}

TEST(Config, LetsNoUserHoldMoreThanHalfOfTheBytesForAllBodies) {
  const auto bytes = [](std::string_view toml) {
    return load_config(ConfigSources{}, toml)->rate.users.bytes_max;
  };
  EXPECT_EQ(bytes(""), limits::memory_bytes_max / limits::memory_share / 2);
  EXPECT_EQ(bytes("memory = \"256MiB\"\n"), 32U << 20);
  EXPECT_EQ(bytes("memory = \"64MiB\"\n"), limits::body_bytes_max) << "one body has room";
  EXPECT_EQ(bytes("[limits]\nbytes_per_user = 5\n"), 5U);
}

TEST(RateLimit, CountsNoConnectionsOfAProxyButOfThoseBehindIt) {
  RateRules rules{.requests_per_second = 1, .burst = 1, .connections_max = 1};
  rules.counts_loopback = true;
  rules.proxies = {*parse_range("127.0.0.1")};
  RateLimit rate(rules, false);

  EXPECT_TRUE(rate.connected("127.0.0.1") && rate.connected("127.0.0.1"));
  EXPECT_TRUE(rate.may_ask("127.0.0.1", Tick(1))) << "it asks for itself";
  EXPECT_FALSE(rate.may_ask("127.0.0.1", Tick(1)));
  const auto open = rate.open_behind_proxy("203.0.113.7");
  EXPECT_TRUE(open);
  EXPECT_FALSE(rate.open_behind_proxy("203.0.113.7"));
  EXPECT_TRUE(rate.may_ask("203.0.113.7", Tick(1)));
  EXPECT_FALSE(rate.may_ask("203.0.113.7", Tick(1)));
}

TEST(RateLimit, ForgetsClientsThatOweNothing) {
  RateLimit rate(
      {.requests_per_second = 1, .burst = 2, .connections_max = 1, .counts_loopback = true}, false);
  ASSERT_TRUE(rate.connected("a"));
  EXPECT_FALSE(rate.connected("a"));
  ASSERT_TRUE(rate.may_ask("a", Tick(1)));
  rate.disconnected("a");

  rate.sweep(Tick(1));
  EXPECT_EQ(rate.addresses(), 1U);
  rate.sweep(Tick(9));
  EXPECT_EQ(rate.addresses(), 0U);
}

TEST(Auth, AFileWithoutTokensRefusesEveryRequestOnceTheServerRuns) {
  const std::string comment = "# There is no token.\n";

  EXPECT_FALSE(Auth::parse(comment, "f"));
  const auto auth = Auth::parse(comment, "f", Auth::Least::no_token);

  ASSERT_TRUE(auth);
  EXPECT_TRUE(auth->needs_tokens());
  EXPECT_EQ(auth->caller_of("secret"), std::nullopt);
  EXPECT_FALSE(Auth::parse(" \n", "f", Auth::Least::no_token)) << "it may be half written";
}

TEST(Auth, ATokenThatIsGivenToAnotherUserIsNotItsFormerUsersAnyMore) {
  const Hash hash = sha256("secret");
  const auto of_bob = Auth::parse(token_lines({"t", UserId("bob"), hash}), "f");

  ASSERT_TRUE(of_bob);
  EXPECT_TRUE(of_bob->allows({UserId("bob"), hash}));
  EXPECT_FALSE(of_bob->allows({UserId("ada"), hash}));
  EXPECT_FALSE(of_bob->allows({UserId("bob"), sha256("other")}));
  EXPECT_FALSE(of_bob->allows({UserId("bob"), {}}));
  EXPECT_TRUE(Auth().allows({UserId("local"), {}}));
}

TEST(Origins, AreBroughtIntoTheFormThatBrowsersSend) {
  const std::pair<std::string, std::optional<std::string>> origins[] = {
      {"https://chat.example", "https://chat.example"},
      {"http://localhost:5173/", "http://localhost:5173"},
      {"HTTPS://Chat.Example:443", "https://chat.example"},
      {"http://a.b:80/", "http://a.b"},
      {"http://a.b:443", "http://a.b:443"},
      {"http://[::1]:5173", "http://[::1]:5173"},
      {"http://[::1]", "http://[::1]"},
      {"chrome-extension://abcdef", "chrome-extension://abcdef"},
      {"nonsense", {}},
      {"localhost:5173", {}},
      {"https://a.b/chat", {}},
      {"https://a.b?x", {}},
      {"https://user@a.b", {}},
      {"https://a.b:port", {}},
      {"https://", {}},
      {"://a", {}},
      {"*", {}},
      {"null", {}}};
  for (const auto& [text, origin] : origins) EXPECT_EQ(normal_origin(text), origin) << text;
}

TEST(Config, KeepsUselessOriginsApart) {
  const auto config = load_config({}, R"(origins = ["http://a/", "b"])");

  ASSERT_TRUE(config);
  EXPECT_EQ(config->origins, (std::vector<std::string>{"http://a"}));
  EXPECT_EQ(config->useless_origins, (std::vector<std::string>{"b"}));
}

TEST(Config, NamesVariablesThatLookLikeSettingsAndAreNone) {
  const std::vector<const char*> environment{
      "PATH=/bin",           "LOCKSTEP_DATA=d", "LOCKSTEP_CONFIG=c",
      "LOCKSTEP_LOG_LEVEL=", "LOCKSTEP_FOO=1",  "LOCKSTEP_PORT"};

  EXPECT_EQ(unknown_variables(environment),
            (std::vector<std::string>{"LOCKSTEP_FOO", "LOCKSTEP_PORT"}));
}

}  // namespace
}  // namespace lockstep
