// SPDX-License-Identifier: Apache-2.0
// What an agent's requests have by default, and which parameters and models a run may choose.
#include <gtest/gtest.h>

#include "schema/json/json_text.h"
#include "server/inference/agent_config.h"
#include "server/inference/agents.h"
#include "server/inference/param_rules.h"
#include "tests/inference/loop.h"

namespace lockstep {
namespace {

using Field = AgentFields::mapped_type;

Result<AgentConfig> config_with(AgentFields fields) {
  fields.emplace("kind", std::string("openai"));
  fields.emplace("base_url", std::string("http://127.0.0.1:1/v1"));
  fields.emplace("model", std::string("m"));
  return agent_config(fields);
}

// The answer to a run with these parameters; empty if it may start.
std::string asked(const AgentConfig& config, const std::string& params) {
  return refusal(param_rules(config), AgentName("a"), Json{params}).value_or("");
}
std::string asked(const AgentFields& fields, const std::string& params) {
  return asked(*config_with(fields), params);
}

TEST(AgentParams, ATableATextAndToolsBecomeOneObject) {
  const auto text = config_with({{"params", std::string(R"({"seed":1})")}});
  const auto table = config_with({{"params", Json{R"({"seed":1,"stop":["a"]})"}}});
  const auto texts = config_with({{"params", Texts{{"user", "\"u\""}}}});
  const Json tools{R"([{"type":"function","function":{"name":"f"}}])"};
  const auto both = config_with({{"params", Json{R"({"seed":1} )"}}, {"tools", tools}});
  const auto alone = config_with({{"tools", tools}});

  EXPECT_EQ(text->params, Json{R"({"seed":1})"});
  EXPECT_EQ(table->params, Json{R"({"seed":1,"stop":["a"]})"});
  EXPECT_EQ(texts->params, Json{R"({"user":"\"u\""})"});
  EXPECT_EQ(both->params->text, R"({"seed":1,"tools":)" + tools.text + "}");
  EXPECT_EQ(alone->params->text, R"({"tools":)" + tools.text + "}");
}

TEST(AgentParams, NameTheMemberThatIsWrong) {
  const Json tools{R"([{"a":1}])"};
  const std::pair<AgentFields, std::string> wrong[] = {
      {{{"params", Json{"[]"}}}, "params must be a table, or a JSON object as text"},
      {{{"params", std::string("{")}}, "params must be a table, or a JSON object as text"},
      {{{"params", true}}, "params must be a table, or a JSON object as text"},
      {{{"tools", Json{"{}"}}}, "tools must be tables: [[agents.NAME.tools]]"},
      {{{"tools", std::string("f")}}, "tools must be tables: [[agents.NAME.tools]]"},
      {{{"tools", Json{R"([{},"f"])"}}}, "tools has something else than a table at place 1"},
      {{{"tools", tools}, {"params", Json{R"({"tools":[]})"}}},
       "tools are in `params` too: keep them once"},
      {{{"models", std::string("m")}}, "models must be an array of names of models"},
      {{{"models", Json{R"(["m",1])"}}}, "models must be an array of names of models"},
      {{{"models", Json{R"([""])"}}}, "models must be an array of names of models"},
      {{{"models", Json{R"(["n"])"}}, {"model_by_params", true}},
       "models has no use next to `model_by_params`, which allows every model: leave out one"},
      {{{"models", Json{R"(["*"])"}}}, "models has `*`: set model_by_params for any model"},
      {{{"params", Json{R"({"max_tokens":5.0})"}}},
       "params.max_tokens must be a whole number from 1, without a point or exponent"},
      {{{"params", std::string(R"({"max_output_tokens":"5"})")}},
       "params.max_output_tokens must be a whole number from 1, without a point or exponent"},
      {{{"params_allowed", std::string("seed")}},
       "params_allowed must be \"*\", or an array of names of parameters"},
      {{{"params_allowed", Json{R"(["seed","n"])"}}},
       "params_allowed has `n`, which only the server sets: leave it out"},
      {{{"params_allowed", Json{R"(["model"])"}}},
       "params_allowed has `model`: name the models in `models` instead"}};
  for (const auto& [fields, detail] : wrong) {
    const auto config = config_with(fields);

    ASSERT_FALSE(config) << detail;
    EXPECT_EQ(config.error().detail, detail);
  }
}

TEST(ParamRules, ARunMayChangeHowAModelAnswersAndNothingElse) {
  EXPECT_EQ(asked(AgentFields(), R"({"temperature":1,"top_p":0.5,"stop":"x","seed":1,"tools":[],)"
                                 R"("tool_choice":"auto","response_format":{},"max_tokens":9,)"
                                 R"("reasoning_effort":"low","reasoning":{}})"),
            "");
  for (const std::string name :
       {"store", "service_tier", "n", "messages", "stream", "Temperature"}) {
    const std::string why = asked(AgentFields(), "{\"seed\":1,\"" + name + "\":1}");

    EXPECT_TRUE(why.starts_with("params has `" + name +
                                "`, which agent a does not take: leave it "
                                "out, or ask the operator to add it to params_allowed (allowed: "
                                "temperature, top_p, "))
        << why;
  }
  EXPECT_EQ(asked(AgentFields(), "null"), "");
  EXPECT_EQ(asked(AgentFields(), R"({"\u0073eed":1})"), "") << "a name counts as it is read";
  EXPECT_LT(asked(AgentFields(), "{\"" + std::string(60'000, 'x') + "\":1}").size(), 1'000u);
}

TEST(ParamRules, TheOperatorNamesTheParametersOrAllowsAll) {
  const AgentFields own{{"params_allowed", Json{R"(["default","top_k"])"}}};
  const AgentFields few{{"params_allowed", Json{R"(["top_k"])"}}};
  const AgentFields none{{"params_allowed", Json{"[]"}}};
  const AgentFields all{{"params_allowed", std::string("*")}};

  EXPECT_EQ(asked(own, R"({"top_k":1,"seed":1})"), "");
  EXPECT_EQ(asked(few, R"({"top_k":1})"), "");
  EXPECT_TRUE(asked(few, R"({"seed":1})").ends_with("(allowed: top_k)"));
  EXPECT_TRUE(asked(none, R"({"seed":1})").ends_with("(allowed: none)"));
  EXPECT_EQ(asked(none, "{}"), "");
  EXPECT_EQ(asked(all, R"({"anything":1,"stream":false,"model":"x"})"), "")
      << "as it was: the server leaves out what it sets itself, and a repair says so";
}

TEST(ParamRules, AgentsThatAskNoModelServerTakeEveryParameter) {
  for (const AgentKind kind : {AgentKind::demo, AgentKind::push}) {
    AgentConfig config;
    config.kind = kind;
    EXPECT_EQ(asked(config, R"({"tokens":5,"anything":1})"), "");
    config.params_allowed = {"tokens"};
    EXPECT_EQ(asked(config, R"({"tokens":5})"), "");
    EXPECT_NE(asked(config, R"({"anything":1})"), "");
  }
}

TEST(ParamRules, ATokenLimitGoesUpToTheAgentsOwn) {
  const AgentFields fields{{"params", Json{R"({"max_tokens":500})"}}};
  const std::string wrong =
      "params.max_tokens must be a whole number from 1 to 500, the limit of agent a";

  EXPECT_EQ(asked(fields, R"({"max_tokens":500})"), "");
  EXPECT_EQ(asked(fields, R"({"max_tokens":null,"max_completion_tokens":400})"), "");
  EXPECT_EQ(asked(fields, R"({"max_output_tokens":null})"), "") << "the agent's limit stays";
  for (const char* limit : {"501", "0", "-1", "5e2", "1.0", "\"5\"", "99999999999999999999"}) {
    EXPECT_EQ(asked(fields, std::string(R"({"max_tokens":)") + limit + "}"), wrong);
  }
  EXPECT_NE(asked(fields, R"({"max_completion_tokens":501})"), "") << "under another name too";
  EXPECT_EQ(asked(fields, R"({"max_tokens":null})"),
            "params.max_tokens is null, which removes the limit of agent a: set a token limit from "
            "1 to 500");
  EXPECT_EQ(asked(AgentFields(), R"({"max_tokens":1000000})"), "") << "it has no limit of its own";
}

TEST(ParamRules, ARunChoosesAmongTheModelsThatTheAgentNames) {
  const AgentFields some{{"models", Json{R"(["big","small"])"}}};
  const AgentFields any{{"model_by_params", true}};

  EXPECT_EQ(asked(some, R"({"model":"small"})") + asked(some, R"({"model":"m"})"), "");
  EXPECT_EQ(asked(some, R"({"model":null})"), "");
  EXPECT_EQ(asked(some, R"({"model":"huge"})"),
            "params.model is `huge`, and agent a takes only these models: m, big, small");
  EXPECT_EQ(asked(some, R"({"model":7})"), "params.model must be a text: the name of a model");
  EXPECT_EQ(asked(any, R"({"model":"huge"})"), "");
  EXPECT_EQ(asked(AgentFields(), R"({"model":"huge"})"),
            "params.model is `huge`, and agent a takes only these models: m");
  const AgentFields all{{"models", Json{R"(["big"])"}}, {"params_allowed", std::string("*")}};
  EXPECT_NE(asked(all, R"({"model":"huge"})"), "") << "the list counts next to `*`";
}

TEST(AgentSet, AsksTheModelThatTheRunChoseFromTheList) {
  boost::asio::io_context loop;
  TestRandom random;
  TestClock clock;
  const auto agents = AgentSet::open({{"a", *config_with({{"models", Json{R"(["big"])"}}})}},
                                     loop.get_executor(), random, clock);
  ASSERT_TRUE(agents);
  const AgentName name("a");

  EXPECT_EQ((*agents)->settings(name, Json{R"({"model":"big"})"})->model, "big");
  EXPECT_EQ((*agents)->settings(name, {})->model, "m");
  EXPECT_TRUE((*agents)->refusal(name, Json{R"({"model":"huge"})"}));
  EXPECT_FALSE((*agents)->refusal(name, {}));
  EXPECT_FALSE((*agents)->refusal(AgentName("other"), Json{R"({"model":"huge"})"}));
}

TEST(ParamRules, ATokenLimitIsAWholeNumberAndThereIsOne) {
  EXPECT_EQ(asked(AgentFields(), R"({"max_output_tokens":9})"), "");
  for (const std::string wrong : {"-1", "0", "1.5", "1e2", "\"9\"", "[]"}) {
    EXPECT_EQ(asked(AgentFields(), "{\"max_tokens\":" + wrong + "}"),
              "params.max_tokens must be a whole number from 1");
  }
  EXPECT_EQ(asked(AgentFields(), R"({"max_tokens":9,"max_completion_tokens":9})"),
            "params has two token limits, max_tokens and max_completion_tokens: send one");
  EXPECT_EQ(asked(AgentFields(), R"({"max_tokens":9,"max_completion_tokens":null})"), "");
}

}  // namespace
}  // namespace lockstep
