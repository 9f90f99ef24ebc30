// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "server/inference/agent_config.h"
#include "server/inference/agent_explained.h"
#include "server/inference/anthropic_agent.h"
#include "tests/inference/loop.h"

namespace lockstep {
namespace {

struct Stage {
  Result<std::unique_ptr<AgentSet>> open(const AgentsConfig& config) {
    return AgentSet::open(config, loop.get_executor(), random, clock);
  }
  boost::asio::io_context loop;
  TestRandom random;
  TestClock clock;
};

AgentConfig openai() {
  AgentConfig config;
  config.kind = AgentKind::openai;
  config.base_url = "http://127.0.0.1:1/v1";
  config.model = "m";
  return config;
}

TEST(AgentSet, HasADemoAgentWhereNoneIsConfigured) {
  Stage stage;

  const auto agents = stage.open({});

  ASSERT_TRUE(agents);
  const auto settings = (*agents)->settings(AgentName("default"), {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->model, "demo");
  EXPECT_FALSE((*agents)->settings(AgentName("other"), {}));
  EXPECT_EQ((*agents)->find(AgentName("other")), nullptr);
}

TEST(AgentSet, AsksForTheModelThatTheCallerMayChoose) {
  Stage stage;
  AgentConfig open = openai();
  open.model_by_params = true;
  const auto agents = stage.open({{"fixed", openai()}, {"open", open}});
  ASSERT_TRUE(agents);
  const Json params{R"({"model":"other"})"};

  EXPECT_EQ((*agents)->settings(AgentName("fixed"), params)->model, "m");
  EXPECT_EQ((*agents)->settings(AgentName("open"), params)->model, "other");
}

TEST(AgentSet, SettingsHoldNoKeyAndNoAddress) {
  Stage stage;
  ::setenv("LOCKSTEP_TEST_KEY", "sk-secret", 1);
  AgentConfig config = openai();
  config.api_key_env = "LOCKSTEP_TEST_KEY";
  config.params = Json{R"({"temperature":0.2})"};
  const auto agents = stage.open({{"a", config}});
  ::unsetenv("LOCKSTEP_TEST_KEY");
  ASSERT_TRUE(agents);

  EXPECT_EQ(
      (*agents)->settings(AgentName("a"), Json{R"({"max_tokens":5})"})->bytes,
      R"({"format":2,"kind":"openai","system":"","names":true,"join":true,"reasoning":"never",)"
      R"("reasoning_field":"reasoning_content","origin":"openai 10d8eb39449320b2 m",)"
      R"("ignored":[],"request":{"model":"m",)"
      R"("stream":true,"stream_options":{"include_usage":true},"temperature":0.2,)"
      R"("max_tokens":5}})");
}

AgentConfig anthropic() {
  AgentConfig config = openai();
  config.kind = AgentKind::anthropic;
  config.base_url = "https://API.example/v1";
  config.model = "claude-x";
  return config;
}

TEST(AgentSet, WritesWhoGetsSignaturesBackIntoTheSettingsOfAnAnthropicRun) {
  Stage stage;
  AgentConfig plain = anthropic();
  plain.cache = false;
  const auto agents = stage.open({{"a", anthropic()}, {"b", plain}});
  ASSERT_TRUE(agents);

  const std::string begin =
      R"({"format":2,"kind":"anthropic","system":"","names":true,"join":true,"reasoning":"always",)"
      R"("reasoning_field":"reasoning_content","origin":"anthropic e91cdb47052c095b claude",)";
  const std::string end =
      R"("ignored":[],"request":{"model":"claude-x","max_tokens":32000,"stream":true}})";
  EXPECT_EQ((*agents)->settings(AgentName("a"), {})->bytes, begin + end);
  EXPECT_EQ((*agents)->settings(AgentName("b"), {})->bytes, begin + R"("cache":false,)" + end);
}

TEST(AgentSet, GivesSignaturesToTheFamilyOfTheModelThatTheCallerChose) {
  Stage stage;
  AgentConfig open = anthropic();
  open.model_by_params = true;
  const auto agents = stage.open({{"a", open}});
  ASSERT_TRUE(agents);
  const auto settings = (*agents)->settings(AgentName("a"), Json{R"({"model":"other-1"})"});
  EXPECT_TRUE(settings->bytes.contains(R"("origin":"anthropic e91cdb47052c095b other")"));
}

TEST(AnthropicAgent, AsksBehindTheAddressWithAndWithoutV1) {
  EXPECT_EQ(messages_path({.host = "h", .port = "1", .base = ""}), "/v1/messages");
  EXPECT_EQ(messages_path({.host = "h", .port = "1", .base = "/v1"}), "/messages");
  EXPECT_EQ(messages_path({.host = "h", .port = "1", .base = "/anthropic"}), "/v1/messages");
}

TEST(AnthropicAgent, ExplainsWhereItsRequestsGoAndHowItsKeyIsSent) {
  AgentConfig config = anthropic();
  config.api_key_env = "LOCKSTEP_TEST_NO_KEY";
  const auto said = explain("a", config);
  ASSERT_TRUE(said);
  EXPECT_TRUE(std::ranges::any_of(*said, [](const auto& line) {
    return line.first == "server" && line.second == "https://API.example/v1/messages";
  }));
  EXPECT_TRUE(std::ranges::any_of(*said, [](const auto& line) {
    return line.first == "key" && line.second.ends_with("sent as `x-api-key`");
  }));
}

TEST(AgentSet, ExplainsWhichFilesTheServerTakes) {
  const auto files_of = [](const AgentConfig& config) {
    const auto said = explain("a", config);
    const auto line = std::ranges::find(*said, "files", &Explanation::value_type::first);
    return line == said->end() ? std::string() : line->second;
  };
  AgentConfig config = openai();
  config.base_url = "https://api.openai.com/v1";
  EXPECT_EQ(files_of(config), "pdf, by the server's name");
  config.base_url = "http://127.0.0.1:1/v1";
  EXPECT_EQ(files_of(config), "none besides images, by the server's name");
  config.takes_files = {"pdf", "sound"};
  EXPECT_EQ(files_of(config), "pdf, sound, as `takes_files` says");
  EXPECT_EQ(files_of(anthropic()), "") << "it has no such setting";
}

TEST(AgentSet, SendsReasoningBackAsTheServersRulesSayUnlessTheConfigurationDoes) {
  Stage stage;
  AgentConfig deepseek = openai();
  deepseek.base_url = "https://api.deepseek.com/v1";
  AgentConfig router = openai();
  router.base_url = "https://openrouter.ai/api/v1";
  AgentConfig other = openai();
  other.base_url = "https://notdeepseek.com/v1";
  AgentConfig set = deepseek;
  set.reasoning = ReasoningBack::always;
  set.reasoning_field = "thoughts";
  const auto agents =
      stage.open({{"deepseek", deepseek}, {"router", router}, {"other", other}, {"set", set}});
  ASSERT_TRUE(agents);

  const auto rule_of = [&](const char* agent) {
    const auto settings = read_settings((*agents)->settings(AgentName(agent), {})->bytes);
    return std::string(name_of(settings->reasoning)) + " " + settings->reasoning_field;
  };
  EXPECT_EQ(rule_of("deepseek"), "with_calls reasoning_content");
  EXPECT_EQ(rule_of("router"), "with_calls reasoning");
  EXPECT_EQ(rule_of("other"), "never reasoning_content");
  EXPECT_EQ(rule_of("set"), "always thoughts");
}

TEST(AgentConfigThinkTags, AreOneOfThreeWordsAndChangeNoRequest) {
  const auto with = [](const char* value) {
    return agent_config({{"kind", std::string("openai")}, {"think_tags", std::string(value)}});
  };
  Stage stage;
  AgentConfig tagged = openai();
  tagged.think_tags = ThinkTags::open;
  const auto agents = stage.open({{"tagged", tagged}, {"plain", openai()}});
  ASSERT_TRUE(agents);

  EXPECT_EQ(agent_config({{"kind", std::string("openai")}})->think_tags, ThinkTags::off);
  EXPECT_EQ(with("on")->think_tags, ThinkTags::on);
  EXPECT_EQ(with("open")->think_tags, ThinkTags::open);
  EXPECT_EQ(with("true").error().detail, "think_tags must be off, on or open");
  EXPECT_EQ((*agents)->settings(AgentName("tagged"), {})->bytes,
            (*agents)->settings(AgentName("plain"), {})->bytes);
}

TEST(AgentConfigContext, IsALimitAndWhatHappensBeyondIt) {
  const auto with = [](AgentFields fields) {
    fields.emplace("kind", std::string("openai"));
    return agent_config(fields);
  };
  const auto when = [&](const char* word) { return with({{"when_too_long", std::string(word)}}); };

  EXPECT_EQ(with({{"context_tokens", std::int64_t{8192}}})->context_tokens, 8192u);
  for (const AgentFields::mapped_type& wrong :
       {AgentFields::mapped_type(std::int64_t{0}), AgentFields::mapped_type(8.5),
        AgentFields::mapped_type(std::string("8k"))}) {
    EXPECT_EQ(with({{"context_tokens", wrong}}).error().detail,
              "context_tokens must be a whole number from 1 to 100000000");
  }
  EXPECT_EQ(when("drop_oldest")->when_too_long, WhenTooLong::drop_oldest);
  EXPECT_EQ(when("forget").error().detail,
            "when_too_long must be refuse, drop_oldest or summarise");
  EXPECT_EQ(when("summarise")->when_too_long, WhenTooLong::summarise);
}

TEST(AgentSet, WritesALimitIntoTheSettingsOfARunOnlyIfItIsSet) {
  Stage stage;
  AgentConfig limited = openai();
  limited.context_tokens = 8192;
  AgentConfig dropping = limited;
  dropping.when_too_long = WhenTooLong::drop_oldest;
  AgentConfig useless = openai();
  useless.when_too_long = WhenTooLong::drop_oldest;
  const auto agents = stage.open({{"free", openai()}, {"limited", limited}, {"drop", dropping}});
  ASSERT_TRUE(agents);

  const auto bytes_of = [&](const char* name) {
    return (*agents)->settings(AgentName(name), {})->bytes;
  };
  EXPECT_FALSE(bytes_of("free").contains("context_tokens"));
  EXPECT_TRUE(bytes_of("limited").contains(R"(,"context_tokens":8192,"when_too_long":"refuse",)"));
  EXPECT_EQ(read_settings(bytes_of("drop"))->when_too_long, WhenTooLong::drop_oldest);
  EXPECT_EQ(stage.open({{"a", useless}}).error().detail,
            "agent a: set `context_tokens`, without which `when_too_long` has no meaning");
}

TEST(AgentSet, WarnsOfAMisspeltToolThatAPersonShouldApprove) {
  Stage stage;
  AgentConfig config = openai();
  config.params =
      Json{R"({"tools":[{"type":"function","function":{"name":"delete_file"}},{"name":"look"}]})"};
  config.calls.ask_before = {"delte_file", "look", "*"};
  const auto agents = stage.open({{"a", config}});
  ASSERT_TRUE(agents);
  EXPECT_EQ((*agents)->warnings(),
            (std::vector<AgentWarning>{{"ask_before_unknown", "a", "delte_file"}}));
}

TEST(AgentSet, AFallbackIsThereAsksBeforeTheSameToolsAndLeadsNowhereBack) {
  Stage stage;
  AgentConfig first = openai();
  first.calls.fallback = AgentName("second");
  AgentConfig second = openai();
  const auto detail = [&] {
    return stage.open({{"first", first}, {"second", second}}).error().detail;
  };
  EXPECT_TRUE(stage.open({{"first", first}, {"second", second}}));
  first.calls.ask_before = {"delete_file"};
  EXPECT_TRUE(detail().contains("does not ask before `delete_file`"));
  second.calls.ask_before = {"*"};
  EXPECT_TRUE(stage.open({{"first", first}, {"second", second}}));
  second.calls.fallback = AgentName("first");
  EXPECT_FALSE(stage.open({{"first", first}, {"second", second}}));
  first.calls.ask_before = {"*"};
  EXPECT_TRUE(detail().contains("leads back"));
  second.calls.fallback.reset();
  second.kind = AgentKind::push;
  EXPECT_TRUE(detail().contains("written outside"));
  first.calls.fallback = AgentName("nobody");
  EXPECT_TRUE(detail().contains("there is no agent nobody"));
}

TEST(AgentConfigReasoning, IsOneOfThreeWordsInAMemberOfItsOwn) {
  const auto with = [](const char* name, const char* value) {
    return agent_config({{"kind", std::string("openai")}, {name, std::string(value)}});
  };

  EXPECT_EQ(with("reasoning", "with_calls")->reasoning, ReasoningBack::with_calls);
  EXPECT_EQ(with("reasoning", "yes").error().detail,
            "reasoning must be never, with_calls or always");
  EXPECT_EQ(with("reasoning_field", "reasoning")->reasoning_field, "reasoning");
  EXPECT_FALSE(with("reasoning_field", "content"));
  EXPECT_FALSE(with("reasoning_field", ""));
  EXPECT_FALSE(agent_config({{"kind", std::string("openai")}, {"join_roles", false}})->join_roles);
}

TEST(AgentSet, WarnsOfAKeyThatIsNotSetAndOfOneThatIsTooShortToBeStruckOut) {
  Stage stage;
  AgentConfig unset = openai();
  unset.api_key_env = "LOCKSTEP_TEST_NO_KEY";
  AgentConfig brief = openai();
  brief.api_key_env = "LOCKSTEP_TEST_SHORT_KEY";
  AgentConfig good = openai();
  good.api_key_env = "LOCKSTEP_TEST_GOOD_KEY";
  ::setenv("LOCKSTEP_TEST_SHORT_KEY", "1234567", 1);
  ::setenv("LOCKSTEP_TEST_GOOD_KEY", "12345678", 1);

  const auto agents = stage.open({{"a", unset}, {"b", brief}, {"c", good}, {"d", openai()}});

  ::unsetenv("LOCKSTEP_TEST_SHORT_KEY");
  ::unsetenv("LOCKSTEP_TEST_GOOD_KEY");
  ASSERT_TRUE(agents);
  EXPECT_EQ((*agents)->warnings(),
            (std::vector<AgentWarning>{{"key_unset", "a", "LOCKSTEP_TEST_NO_KEY"},
                                       {"key_too_short", "b", "LOCKSTEP_TEST_SHORT_KEY"}}));
}

TEST(AgentSet, WarnsOfAParameterThatSeemsToHoldASecret) {
  Stage stage;
  AgentConfig plain = openai();
  plain.params = Json{R"({"max_tokens":5,"tools":[{"properties":{"api_key":{"type":"string"}}}]})"};
  AgentConfig flat = openai();
  flat.params = Json{R"({"Api-Key":"sk-12345678"})"};
  AgentConfig deep = openai();
  deep.params = Json{R"({"a":[{"extra_headers":{"Authorization":"Bearer x"}}]})"};

  const auto agents = stage.open({{"a", plain}, {"b", flat}, {"c", deep}});

  ASSERT_TRUE(agents);
  EXPECT_EQ((*agents)->warnings(),
            (std::vector<AgentWarning>{{"params_are_shown", "b", "Api-Key"},
                                       {"params_are_shown", "c", "Authorization"}}));
}

TEST(AgentSet, APushAgentStartsNothing) {
  Stage stage;
  AgentConfig config;
  config.kind = AgentKind::push;
  const auto agents = stage.open({{"p", config}});
  ASSERT_TRUE(agents);
  TestWriter writer;

  EXPECT_EQ((*agents)->find(AgentName("p"))->start({}, {}, writer), nullptr);
  EXPECT_TRUE((*agents)->find(AgentName("p"))->writes_outside());
  EXPECT_FALSE((*agents)->settings(AgentName("p"), {})->model);
}

TEST(AgentSet, OnlyARunThatBeganWithAnOutsideWriterOutlivesTheServer) {
  Stage stage;
  AgentConfig push;
  push.kind = AgentKind::push;
  const auto before = stage.open({{"a", openai()}});
  const auto after = stage.open({{"a", push}});
  ASSERT_TRUE(before && after);
  const AgentName name("a");
  const std::string model = (*before)->settings(name, {})->bytes;
  const std::string outside = (*after)->settings(name, {})->bytes;

  EXPECT_TRUE((*after)->outlives(name, outside));
  EXPECT_FALSE((*after)->outlives(name, model)) << "its writer went with the former server";
  EXPECT_FALSE((*before)->outlives(name, outside));
}

TEST(AgentSet, NamesTheAgentThatIsWronglyConfigured) {
  Stage stage;
  AgentConfig no_model = openai();
  no_model.model.clear();
  AgentConfig bad_url = openai();
  bad_url.base_url = "127.0.0.1:1";
  AgentConfig bad_params = openai();
  bad_params.params = Json{"[]"};
  AgentConfig no_rate;
  no_rate.rate = 0;

  for (const AgentConfig& config : {no_model, bad_url, bad_params, no_rate}) {
    const auto agents = stage.open({{"bad", config}});

    ASSERT_FALSE(agents);
    EXPECT_EQ(agents.error().code, "invalid");
    EXPECT_TRUE(agents.error().detail.starts_with("agent bad: "));
  }
}

TEST(AgentConfig, TakesEveryFieldByName) {
  const auto config = agent_config({{"kind", "openai"},
                                    {"base_url", "http://x/v1"},
                                    {"model", "m"},
                                    {"system", "s"},
                                    {"api_key_env", "K"},
                                    {"params", "{}"},
                                    {"model_by_params", true},
                                    {"send_names", false},
                                    {"send_usage", false},
                                    {"connect_timeout_seconds", std::int64_t{2}},
                                    {"first_token_timeout_seconds", 0.5},
                                    {"token_timeout_seconds", 1.5},
                                    {"keepalive_timeout_seconds", std::int64_t{9}},
                                    {"api_key_file", "F"},
                                    {"api_key_header", "H"},
                                    {"headers", Texts{{"a", "b"}}},
                                    {"header_env", Texts{{"c", "d"}}},
                                    {"query", Texts{{"e", "f"}}},
                                    {"proxy", "none"},
                                    {"ca_file", "ca"},
                                    {"client_certificate_file", "cc"},
                                    {"client_key_file", "ck"},
                                    {"rate", std::int64_t{7}}});

  ASSERT_TRUE(config);
  EXPECT_EQ(config->kind, AgentKind::openai);
  EXPECT_EQ(config->base_url + config->model + config->system + config->api_key_env,
            "http://x/v1msK");
  EXPECT_EQ(config->params, Json{"{}"});
  EXPECT_TRUE(config->model_by_params);
  EXPECT_FALSE(config->send_names || config->send_usage);
  EXPECT_EQ(config->connect_timeout, std::chrono::seconds(2));
  EXPECT_EQ(config->first_token_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(config->token_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config->rate, 7);
  EXPECT_EQ(config->keepalive_timeout, std::chrono::seconds(9));
  EXPECT_EQ(config->api_key_file + config->api_key_header, "FH");
  EXPECT_EQ(config->headers, (Texts{{"a", "b"}}));
  EXPECT_EQ(config->header_env, (Texts{{"c", "d"}}));
  EXPECT_EQ(config->query, (Texts{{"e", "f"}}));
  EXPECT_EQ(config->proxy + config->ca_file, "noneca");
  EXPECT_EQ(config->client_certificate_file + config->client_key_file, "ccck");
}

TEST(AgentConfig, NamesTheFieldThatIsWrong) {
  const std::pair<AgentFields, std::string> wrong[] = {
      {{}, "kind is missing"},
      {{{"kind", "robot"}},
       "kind must be openai, openai-responses, anthropic, demo, push or worker"},
      {{{"kind", "worker"}, {"claim_seconds", std::int64_t{0}}},
       "claim_seconds must be a number above 0"},
      {{{"kind", "worker"}, {"on_worker_lost", "cry"}},
       "on_worker_lost must be retry or interrupt"},
      {{{"kind", "worker"}, {"max_attempts", std::int64_t{0}}},
       "max_attempts must be a whole number from 1 to 1000"},
      {{{"kind", "demo"}, {"price", Json{R"({"input":1,"output":2})"}}},
       "price must be a table with input, output and currency, and cached_input if a cache is "
       "cheaper"},
      {{{"kind", "demo"}, {"price", Json{R"({"input":-1,"output":2,"currency":"USD"})"}}},
       "price has a `input` that is no number of at least 0"},
      {{{"kind", "demo"}, {"rates", 1.0}}, "rates is not a known setting: check its name"},
      {{{"kind", "demo"}, {"rate", "fast"}}, "rate must be a number"},
      {{{"kind", "demo"}, {"rate", -1.0}}, "rate must be above 0"},
      {{{"kind", "demo"}, {"model", 1.0}}, "model must be a text"},
      {{{"kind", "demo"}, {"send_names", 1.0}}, "send_names must be true or false"},
      {{{"kind", "demo"}, {"headers", "x"}}, "headers must be a table of texts"},
      {{{"kind", "demo"}, {"model", Texts{}}}, "model must be a text"},
      {{{"kind", "demo"}, {"model", Json{"[]"}}}, "model must be a text"},
      {{{"kind", "demo"}, {"headers", Json{"[]"}}}, "headers must be a table of texts"},
      {{{"kind", "demo"}, {"token_timeout_seconds", 1e9}},
       "token_timeout_seconds must be at most a day (86400)"}};
  for (const auto& [fields, detail] : wrong) {
    const auto config = agent_config(fields);

    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().detail, detail);
  }
}

TEST(AgentKind, IsReadByItsName) {
  EXPECT_EQ(agent_kind("openai"), AgentKind::openai);
  EXPECT_EQ(agent_kind("openai-responses"), AgentKind::openai_responses);
  EXPECT_EQ(agent_kind("anthropic"), AgentKind::anthropic);
  EXPECT_EQ(agent_kind("demo"), AgentKind::demo);
  EXPECT_EQ(agent_kind("push"), AgentKind::push);
  EXPECT_EQ(agent_kind("worker"), AgentKind::worker);
  EXPECT_FALSE(agent_kind("robot"));
}

}  // namespace
}  // namespace lockstep
