// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_params.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server/inference/context_fit.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

std::string request_of(const std::string& params) {
  RequestSettings settings;
  apply_responses_params(settings, Json{params}, ModelChoice::fixed);
  std::string text;
  for (const auto& [key, value] : settings.request) text += key + "=" + value + " ";
  for (const std::string& name : settings.ignored) text += "-" + name + " ";
  return text;
}

TEST(ResponsesParams, TakesTheFormOfChatCompletions) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"max_tokens":10})", "max_output_tokens=10 "},
      {R"({"max_completion_tokens":10})", "max_output_tokens=10 "},
      {R"({"max_tokens":null,"reasoning_effort":null})", ""},
      {R"({"temperature":0.50})", "temperature=0.50 "},
      {R"({"reasoning_effort":"low"})", R"(reasoning={"effort":"low"} )"},
      {R"({"reasoning":{"summary":"auto"},"reasoning_effort":"low"})",
       R"(reasoning={"summary":"auto","effort":"low"} )"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}})",
       R"(text={"format":{"type":"json_schema","name":"n","schema":{}}} )"},
      {R"({"response_format":{"type":"json_object"},"verbosity":"low"})",
       R"(text={"format":{"type":"json_object"},"verbosity":"low"} )"},
      {R"({"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]})",
       R"(tools=[{"type":"function","name":"f","parameters":{},"strict":false}] )"},
      {R"({"tools":[{"type":"function","function":{"name":"f","strict":true}}]})",
       R"(tools=[{"type":"function","name":"f","strict":true}] )"},
      {R"({"tools":[{"type":"custom","custom":{"name":"f","format":{"type":"grammar",)"
       R"("grammar":{"syntax":"lark","definition":"x"}}}}]})",
       R"(tools=[{"type":"custom","name":"f","format":{"type":"grammar","syntax":"lark",)"
       R"("definition":"x"}}] )"},
      {R"({"tools":[{"type":"web_search"},{"type":"function","name":"f","parameters":{}}]})",
       R"(tools=[{"type":"web_search"},{"type":"function","name":"f","parameters":{}}] )"},
      {R"({"tool_choice":"required"})", R"(tool_choice="required" )"},
      {R"({"tool_choice":{"type":"function","function":{"name":"f"}}})",
       R"(tool_choice={"type":"function","name":"f"} )"},
      {R"({"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":)"
       R"([{"type":"function","function":{"name":"f"}}]}}})",
       R"(tool_choice={"type":"allowed_tools","mode":"auto","tools":)"
       R"([{"type":"function","name":"f"}]} )"},
      {R"({"stop":"x","seed":1,"n":2,"logit_bias":{}})", "-stop -seed -n -logit_bias "},
      {R"({"input":[],"store":true,"stream":false,"messages":[],"model":"x"})",
       "-input -store -stream -messages -model "},
      {"[]", "-params "},
  };
  for (const auto& [params, request] : cases) EXPECT_EQ(request_of(params), request) << params;
}

TEST(ResponsesParams, AddsToWhatTheCallerIncludes) {
  RequestSettings settings;
  settings.reasoning = ReasoningBack::always;
  apply_responses_params(settings, Json{R"({"include":["web_search_call.action.sources"]})"},
                         ModelChoice::fixed);
  set_responses_members(settings);

  EXPECT_EQ(*find_member(settings.request, "include"),
            R"(["web_search_call.action.sources","reasoning.encrypted_content"])");
  EXPECT_EQ(*find_member(settings.request, "store"), "false");
  EXPECT_EQ(*find_member(settings.request, "stream"), "true");
}

TEST(ResponsesParams, KnowsTheModelsWithoutReasoning) {
  for (const char* model : {"gpt-4.1", "gpt-4o-mini", "openai/gpt-4o", "gpt-5-chat-latest"}) {
    EXPECT_FALSE(gives_reasoning(model)) << model;
  }
  for (const char* model : {"gpt-5", "o3", "openai/gpt-5.1", "gpt-oss-120b", ""}) {
    EXPECT_TRUE(gives_reasoning(model)) << model;
  }
}

TEST(ResponsesParams, TheLimitOfTheAnswerKeepsRoomInTheContext) {
  RequestSettings settings;
  settings.kind = "openai-responses";
  settings.context_tokens = 8000;
  EXPECT_EQ(answer_tokens(settings), 1000u);
  apply_responses_params(settings, Json{R"({"max_tokens":50})"}, ModelChoice::fixed);
  EXPECT_EQ(answer_tokens(settings), 50u);
}

}  // namespace
}  // namespace lockstep
