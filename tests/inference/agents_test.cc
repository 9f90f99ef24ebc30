#include "server/inference/agents.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/inference/loop.h"

namespace lockstep {
namespace {

struct Stage {
  Result<std::unique_ptr<AgentSet>> open(const AgentsConfig& config) {
    return AgentSet::open(config, loop.get_executor(), random);
  }
  boost::asio::io_context loop;
  TestRandom random;
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
      R"({"format":1,"kind":"openai","system":"","names":true,"ignored":[],"request":{"model":"m",)"
      R"("stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"max_tokens":5}})");
}

TEST(AgentSet, APushAgentStartsNothing) {
  Stage stage;
  AgentConfig config;
  config.kind = AgentKind::push;
  const auto agents = stage.open({{"p", config}});
  ASSERT_TRUE(agents);
  TestWriter writer;

  EXPECT_EQ((*agents)->find(AgentName("p"))->start({}, writer), nullptr);
  EXPECT_FALSE((*agents)->settings(AgentName("p"), {})->model);
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

TEST(AgentKind, IsReadByItsName) {
  EXPECT_EQ(agent_kind("openai"), AgentKind::openai);
  EXPECT_EQ(agent_kind("demo"), AgentKind::demo);
  EXPECT_EQ(agent_kind("push"), AgentKind::push);
  EXPECT_FALSE(agent_kind("worker"));
}

}  // namespace
}  // namespace lockstep
