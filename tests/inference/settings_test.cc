// SPDX-License-Identifier: Apache-2.0
#include "server/inference/settings.h"

#include <gtest/gtest.h>

#include "schema/json/json_text.h"

namespace lockstep {
namespace {

RequestSettings given() {
  RequestSettings settings;
  settings.kind = "openai";
  settings.system = "Be \"kind\".\n";
  settings.request = {{"model", "\"m\""}, {"stream", "true"}};
  return settings;
}

TEST(Settings, AreTheseBytesForEver) {
  RequestSettings settings = given();
  settings.ignored = {"stream"};

  EXPECT_EQ(settings_bytes(settings),
            R"({"format":2,"kind":"openai","system":"Be \"kind\".\n","names":true,"join":true,)"
            R"("reasoning":"never","reasoning_field":"reasoning_content","ignored":["stream"],)"
            R"("request":{"model":"m","stream":true}})");
}

TEST(Settings, OfFormat1AreTheseBytesForEver) {
  RequestSettings settings = given();
  settings.format = 1;
  settings.ignored = {"stream"};
  const std::string bytes =
      R"({"format":1,"kind":"openai","system":"Be \"kind\".\n","names":true,"ignored":["stream"],)"
      R"("request":{"model":"m","stream":true}})";

  EXPECT_EQ(settings_bytes(settings), bytes);
  EXPECT_EQ(read_settings(bytes), settings);
}

TEST(Settings, OfALimitedContextAreTheseBytesForEver) {
  RequestSettings settings = given();
  settings.context_tokens = 8192;
  settings.when_too_long = WhenTooLong::drop_oldest;
  const std::string bytes =
      R"({"format":2,"kind":"openai","system":"Be \"kind\".\n","names":true,"join":true,)"
      R"("reasoning":"never","reasoning_field":"reasoning_content","context_tokens":8192,)"
      R"("when_too_long":"drop_oldest","ignored":[],"request":{"model":"m","stream":true}})";

  EXPECT_EQ(settings_bytes(settings), bytes);
  EXPECT_EQ(read_settings(bytes), settings);
  for (const char* wrong : {R"("context_tokens":-1)", R"("context_tokens":"8192")"}) {
    std::string other = bytes;
    other.replace(other.find(R"("context_tokens":8192)"), 21, wrong);
    EXPECT_FALSE(read_settings(other)) << wrong;
  }
}

TEST(Settings, ReadBackEqualTheWrittenOnes) {
  RequestSettings settings = given();
  apply_params(settings,
               Json{R"({"temperature":1e-1,"tools":[{"type":"function","f":"}]\""}],"stream":1})"},
               ModelChoice::fixed);
  settings.names = false;
  settings.join = false;
  settings.reasoning = ReasoningBack::with_calls;
  settings.reasoning_field = "reasoning";

  EXPECT_EQ(read_settings(settings_bytes(settings)), settings);
}

TEST(Settings, ParamsReplaceAndAddMembersWithTheirOwnDigits) {
  RequestSettings settings = given();

  apply_params(settings, Json{R"({"temperature": 0.70 ,"max_tokens":10})"}, ModelChoice::fixed);
  apply_params(settings, Json{R"({"temperature":1.0})"}, ModelChoice::fixed);

  EXPECT_EQ(
      settings.request,
      (std::vector<JsonMember>{
          {"model", "\"m\""}, {"stream", "true"}, {"temperature", "1.0"}, {"max_tokens", "10"}}));
}

TEST(Settings, NullRemovesAMemberAndIsNeverSent) {
  RequestSettings settings = given();
  apply_params(settings, Json{R"({"temperature":0.2,"tools":[{"a":null}]})"}, ModelChoice::fixed);

  apply_params(settings, Json{R"({"temperature":null,"seed":null,"model":null,"stream":null})"},
               ModelChoice::callers);

  EXPECT_EQ(settings.request,
            (std::vector<JsonMember>{
                {"model", "\"m\""}, {"stream", "true"}, {"tools", "[{\"a\":null}]"}}));
  EXPECT_EQ(settings.ignored, std::vector<std::string>{"stream"});
}

TEST(Settings, ACallerMayNameTheModelThatTheRunGetsAnyway) {
  RequestSettings settings = given();

  apply_params(settings, Json{R"({"model":"\u006d"})"}, ModelChoice::fixed);

  EXPECT_EQ(settings, given());
}

TEST(Settings, ReservedParamsAreIgnoredHoweverTheyAreSpelt) {
  RequestSettings settings = given();

  apply_params(settings,
               Json{R"({"messages":[],"str\u0065am":false,"stream_options":{},"n":2,"model":"x"})"},
               ModelChoice::fixed);

  EXPECT_EQ(settings.request, given().request);
  EXPECT_EQ(settings.ignored,
            (std::vector<std::string>{"messages", "stream", "stream_options", "n", "model"}));
}

TEST(Settings, TheModelIsTheCallersOnlyWhereTheConfigurationSaysSo) {
  RequestSettings settings = given();

  apply_params(settings, Json{R"({"model":"other"})"}, ModelChoice::callers);

  EXPECT_EQ(model_of(settings), "other");
}

TEST(Settings, ParamsThatAreNoObjectAreIgnored) {
  for (const std::string bad : {"[]", "1", "{", "", "{\"a\":1}}"}) {
    RequestSettings settings = given();

    apply_params(settings, Json{bad}, ModelChoice::fixed);

    EXPECT_EQ(settings.ignored, std::vector<std::string>{"params"}) << bad;
  }
}

TEST(JsonMembers, KeepEachValueAsItStood) {
  const auto members = json_members(
      " { \"a\" : [1, {\"x\":\"}\\\"]\"}] , \"b\\n\":-1.50e2,\"c\":\"\",\"d\":null } ");

  ASSERT_TRUE(members);
  EXPECT_EQ(
      *members,
      (std::vector<JsonMember>{
          {"a", "[1, {\"x\":\"}\\\"]\"}]"}, {"b\n", "-1.50e2"}, {"c", "\"\""}, {"d", "null"}}));
}

TEST(JsonMembers, AreOnlyReadFromAnObject) {
  for (const std::string bad : {"", "[]", "{", "{\"a\"}", "{}x", "\"a\""})
    EXPECT_FALSE(json_members(bad)) << bad;
  EXPECT_TRUE(json_members("{}")->empty());
}

TEST(JsonString, EscapesOnlyCharactersThatJsonDemands) {
  EXPECT_EQ(json_string("a\"\\/\b\f\n\r\t\x01\x1F\xC3\xA9\x7F"),
            "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\xC3\xA9\x7F\"");
}

// The members of the request after the agent's own and the run's.
std::string request_of(const std::string& kind, const std::string& own, const std::string& run) {
  RequestSettings settings;
  settings.kind = kind;
  apply_params(settings, Json{own}, ModelChoice::fixed);
  apply_run_params(settings, Json{run}, ModelChoice::fixed);
  std::string text;
  for (const JsonMember& member : settings.request) text += member.key + "=" + member.value + " ";
  return text;
}

TEST(RunParams, ATokenLimitTakesThePlaceOfTheAgentsUnderItsName) {
  const std::string own = R"({"seed":1,"max_completion_tokens":4096})";

  EXPECT_EQ(request_of("openai", own, R"({"max_tokens":50})"), "seed=1 max_completion_tokens=50 ");
  EXPECT_EQ(request_of("anthropic", R"({"max_tokens":9})", R"({"max_output_tokens":5})"),
            "max_tokens=5 ");
  EXPECT_EQ(request_of("openai", own, R"({"max_tokens":50,"max_completion_tokens":null})"),
            "seed=1 max_tokens=50 ");
  EXPECT_EQ(request_of("openai", "{}", R"({"max_output_tokens":5})"), "max_tokens=5 ");
  EXPECT_EQ(request_of("openai", "{}", R"({"max_completion_tokens":5})"),
            "max_completion_tokens=5 ");
}

}  // namespace
}  // namespace lockstep
