// SPDX-License-Identifier: Apache-2.0
// The errors of real servers, in the form in which each writes them.
#include "server/inference/upstream_error.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockstep {
namespace {

struct Case {
  std::string server;
  unsigned status;
  std::string body;
  std::string code;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"OpenAI", 400,
       R"({"error":{"message":"This model's maximum context length is 8192 tokens.","type":)"
       R"("invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
       "context_too_long"},
      {"OpenAI", 429,
       R"({"error":{"message":"You exceeded your current quota, please check your plan.","type":)"
       R"("insufficient_quota","param":null,"code":"insufficient_quota"}})",
       "no_credit"},
      {"OpenAI", 429,
       R"({"error":{"message":"Rate limit reached for gpt-4o in organization org-x on tokens per )"
       R"(min","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
       "upstream_rate_limited"},
      {"OpenAI", 401,
       R"({"error":{"message":"Incorrect API key provided: sk-a***.","type":)"
       R"("invalid_request_error","param":null,"code":"invalid_api_key"}})",
       "bad_key"},
      {"OpenAI", 404,
       R"({"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.",)"
       R"("type":"invalid_request_error","param":null,"code":"model_not_found"}})",
       "wrong_model"},
      {"OpenAI", 503,
       R"({"error":{"message":"The engine is currently overloaded, please try again later",)"
       R"("type":"server_error","param":null,"code":null}})",
       "upstream_overloaded"},
      {"OpenAI", 400,
       R"({"error":{"message":"Unknown parameter: 'x'.","type":"invalid_request_error",)"
       R"("param":"x","code":"unknown_parameter"}})",
       "upstream_rejected"},
      {"OpenAI", 403,
       R"({"error":{"code":"unsupported_country_region_territory","message":"Country, region, or )"
       R"(territory not supported","param":null,"type":"request_forbidden"}})",
       "upstream_unauthorized"},
      {"Azure", 404,
       R"({"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource )"
       R"(does not exist."}})",
       "wrong_model"},
      {"Azure", 401,
       R"({"error":{"code":"401","message":"Access denied due to invalid subscription key or )"
       R"(wrong API endpoint."}})",
       "bad_key"},
      {"Azure", 400,
       R"({"error":{"message":"The response was filtered due to the prompt triggering Azure )"
       R"(OpenAI's content management policy.","type":null,"param":"prompt","code":)"
       R"("content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
       "content_filter"},
      {"Anthropic", 529,
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
       "upstream_overloaded"},
      {"Anthropic", 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance )"
       R"(is too low to access the Anthropic API."}})",
       "no_credit"},
      {"Anthropic", 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: )"
       R"(208310 tokens > 200000 maximum"}})",
       "context_too_long"},
      {"Anthropic", 401,
       R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})",
       "bad_key"},
      {"Anthropic", 404,
       R"({"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}})",
       "wrong_model"},
      {"Gemini", 400,
       R"([{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",)"
       R"("status":"INVALID_ARGUMENT"}}])",
       "bad_key"},
      {"Gemini", 400,
       R"([{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum )"
       R"(number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}])",
       "context_too_long"},
      {"Gemini", 404,
       R"([{"error":{"code":404,"message":"models/gemini-9 is not found for API version v1main, )"
       R"(or is not supported for generateContent.","status":"NOT_FOUND"}}])",
       "wrong_model"},
      {"Gemini", 429,
       R"([{"error":{"code":429,"message":"You exceeded your current quota, please check your )"
       R"(plan and billing details.","status":"RESOURCE_EXHAUSTED"}}])",
       "upstream_rate_limited"},
      {"Gemini", 503,
       R"([{"error":{"code":503,"message":"The model is overloaded. Please try again later.",)"
       R"("status":"UNAVAILABLE"}}])",
       "upstream_overloaded"},
      {"DeepSeek", 402,
       R"({"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":)"
       R"("invalid_request_error"}})",
       "no_credit"},
      {"DeepSeek", 400,
       R"({"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,)"
       R"("code":"invalid_request_error"}})",
       "wrong_model"},
      {"DeepSeek", 401,
       R"({"error":{"message":"Authentication Fails, Your api key: ****abcd is invalid","type":)"
       R"("authentication_error","param":null,"code":"invalid_request_error"}})",
       "bad_key"},
      {"DeepSeek", 400,
       R"({"error":{"message":"The reasoning_content in the thinking mode must be passed back to )"
       R"(the API.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})",
       "upstream_rejected"},
      {"Mistral", 400,
       R"({"object":"error","message":"Invalid model: mistral-9","type":"invalid_model","param":)"
       R"(null,"code":"1500"})",
       "wrong_model"},
      {"Mistral", 400,
       R"({"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large )"
       R"(for model with 32768 maximum context length","type":"invalid_request_prompt","code":)"
       R"("3051"})",
       "context_too_long"},
      {"Mistral", 401, R"({"message":"Unauthorized","request_id":"x"})", "upstream_unauthorized"},
      {"Mistral", 422,
       R"({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body",)"
       R"("stream_options"],"msg":"Extra inputs are not permitted"}]},"type":)"
       R"("invalid_request_error"})",
       "upstream_rejected"},
      {"Groq", 400,
       R"({"error":{"message":"Please reduce the length of the messages or completion.","type":)"
       R"("invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
       "context_too_long"},
      {"Groq", 413,
       R"({"error":{"message":"Request too large for model `llama` on tokens per minute (TPM): )"
       R"(Limit 6000, Requested 12328","type":"tokens","code":"rate_limit_exceeded"}})",
       "upstream_rate_limited"},
      {"Groq", 401,
       R"({"error":{"message":"Invalid API Key","type":"invalid_request_error","code":)"
       R"("invalid_api_key"}})",
       "bad_key"},
      {"Groq", 404,
       R"({"error":{"message":"The model `x` does not exist or you do not have access to it.",)"
       R"("type":"invalid_request_error","code":"model_not_found"}})",
       "wrong_model"},
      {"OpenRouter", 402,
       R"({"error":{"message":"This request requires more credits, or fewer max_tokens.","code":)"
       R"(402}})",
       "no_credit"},
      {"OpenRouter", 400,
       R"({"error":{"message":"claude-9 is not a valid model ID","code":400},"user_id":"u"})",
       "wrong_model"},
      {"OpenRouter", 401, R"({"error":{"message":"User not found.","code":401}})", "bad_key"},
      {"OpenRouter", 429,
       R"({"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"x is )"
       R"(temporarily rate-limited upstream.","provider_name":"y"}}})",
       "upstream_rate_limited"},
      {"OpenRouter", 400,
       R"({"error":{"message":"Provider returned error","code":400,"metadata":{"raw":)"
       R"("{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\"}}"}}})",
       "context_too_long"},
      {"vLLM", 400,
       R"({"object":"error","message":"This model's maximum context length is 4096 tokens. )"
       R"(However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400})",
       "context_too_long"},
      {"vLLM", 404,
       R"({"error":{"message":"The model `x` does not exist.","type":"NotFoundError","param":)"
       R"("model","code":404}})",
       "wrong_model"},
      {"vLLM", 401, R"({"error":"Unauthorized"})", "upstream_unauthorized"},
      {"llama.cpp", 400,
       R"({"error":{"code":400,"message":"request (4390 tokens) exceeds the available context )"
       R"(size (4096 tokens), try increasing it","type":"exceed_context_size_error"}})",
       "context_too_long"},
      {"llama.cpp", 500,
       R"({"error":{"code":500,"message":"Context size has been exceeded.","type":)"
       R"("server_error"}})",
       "context_too_long"},
      {"llama.cpp", 401,
       R"({"error":{"message":"Invalid API Key","type":"authentication_error","code":401}})",
       "bad_key"},
      {"llama.cpp", 503,
       R"({"error":{"message":"Loading model","type":"unavailable_error","code":503}})",
       "upstream_failed"},
      {"Ollama", 404,
       R"({"error":{"message":"model \"x\" not found, try pulling it first","type":)"
       R"("not_found_error","param":null,"code":null}})",
       "wrong_model"},
      {"Ollama", 500, R"({"error":{"message":"llama runner process has terminated"}})",
       "upstream_failed"},
      {"LM Studio", 400,
       R"({"error":"Trying to keep the first 5000 tokens when context the overflows. However, the )"
       R"(model is loaded with context length of only 4096 tokens, which is not enough."})",
       "context_too_long"},
      {"LM Studio", 404,
       R"({"error":{"message":"No models loaded. Please load a model.","type":)"
       R"("invalid_request_error","param":"model","code":"model_not_found"}})",
       "wrong_model"},
      {"Moonshot", 429,
       R"({"error":{"type":"engine_overloaded_error","message":"The engine is currently )"
       R"(overloaded, please try again later"}})",
       "upstream_overloaded"},
      {"Moonshot", 429,
       R"({"error":{"type":"exceeded_current_quota_error","message":"Your account is suspended"}})",
       "no_credit"},
      {"a proxy", 502, "<html>Bad Gateway</html>", "upstream_failed"},
      {"a proxy", 404, "404 page not found", "upstream_rejected"},
      {"a proxy", 404, "<html><p>Our models are great</p></html>", "upstream_rejected"},
      {"a proxy", 307, "", "upstream_redirected"},
      {"a proxy", 503, "", "upstream_failed"},
  };
  return all;
}

TEST(UpstreamError, EachServersRefusalHasItsCode) {
  for (const Case& each : cases()) {
    EXPECT_EQ(code_of_refusal(each.status, error_of_text(each.body)).name(), each.code)
        << each.server << " " << each.status << ": " << each.body;
  }
}

TEST(UpstreamError, AnErrorInAStreamHasTheSameReasonOrNone) {
  for (const Case& each : cases()) {
    const ProviderError error = error_of_text(each.body);
    const std::string_view code = code_of_stream_error(error).name();
    if (error.status == each.status && !each.code.starts_with("upstream_")) {
      EXPECT_EQ(code, each.code) << each.server << ": " << each.body;
    }
    if (each.code.starts_with("upstream_") && each.code != "upstream_overloaded") {
      EXPECT_EQ(code, "upstream_error") << each.server << ": " << each.body;
    }
  }
}

TEST(UpstreamError, OnlyWhatPassesByItselfIsTriedAgain) {
  for (const unsigned status : {408u, 429u, 498u, 500u, 503u, 529u}) {
    EXPECT_TRUE(may_pass_by_itself(status, "upstream_failed")) << status;
    EXPECT_FALSE(may_pass_by_itself(status, "no_credit")) << status;
    EXPECT_FALSE(may_pass_by_itself(status, "context_too_long")) << status;
  }
  for (const unsigned status : {200u, 307u, 400u, 401u, 404u}) {
    EXPECT_FALSE(may_pass_by_itself(status, "upstream_rejected")) << status;
  }
}

}  // namespace
}  // namespace lockstep
