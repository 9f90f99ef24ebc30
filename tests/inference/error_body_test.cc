// SPDX-License-Identifier: Apache-2.0
#include "server/inference/error_body.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lockstep {
namespace {

TEST(ErrorBody, EveryFormGivesTheProvidersOwnSentence) {
  const std::pair<std::string, std::string> forms[] = {
      {R"({"error":{"message":"no","type":"t","code":"c"}})", "no"},
      {R"({"error":"no"})", "no"},
      {R"({"error":"Not Found","message":"no","status":404})", "no"},
      {R"([{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}])", "no"},
      {R"({"object":"error","message":"no","type":"BadRequestError","code":400})", "no"},
      {R"({"object":"error","message":{"detail":[{"loc":["body","x"],"msg":"no"}]}})",
       "body.x: no"},
      {R"({"detail":"no"})", "no"},
      {R"({"detail":[{"loc":["body","messages",0,"name"],"msg":"no"},{"msg":"never"}]})",
       "body.messages.0.name: no; never"},
      {R"({"detail":{"error":"no"}})", "no"},
      {R"({"message":"no"})", "no"},
      {R"({"success":false,"errors":[{"code":7009,"message":"no"}],"result":null})", "no"},
      {R"({"error":{"message":"{\n \"error\": {\"code\": 400, \"message\": \"no\"}}"}})", "no"},
      {R"({"error":"{\"error\":{\"message\":\"no\"}}"})", "no"},
      {R"({"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"no"}}})",
       "Provider returned error: no"},
      {R"({"error":{"message":"Provider returned error","metadata":{"raw":)"
       R"("{\"error\":{\"message\":\"no\"}}"}}})",
       "Provider returned error: no"},
      {R"({"error":{"code":7}})", R"({"code":7})"},
      {R"("no")", "no"},
      {"no, thanks", "no, thanks"},
      {R"({"id":7})", R"({"id":7})"},
  };
  for (const auto& [body, sentence] : forms) {
    EXPECT_EQ(error_of_text(body).message, sentence) << body;
  }
}

TEST(ErrorBody, ReadsCodeTypeAndStatus) {
  EXPECT_EQ(error_of_text(R"({"error":{"message":"no","type":"t","code":"c","status":401}})"),
            (ProviderError{"no", "c", "t", 401}));
  EXPECT_EQ(
      error_of_text(R"([{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}])"),
      (ProviderError{"no", "", "RESOURCE_EXHAUSTED", 429}));
  EXPECT_EQ(error_of_text(R"({"type":"error","error":{"type":"overloaded_error","message":"no"}})"),
            (ProviderError{"no", "", "overloaded_error", 0}));
  EXPECT_EQ(error_of_text(R"({"error":{"message":"no","code":20}})").status, 0u);
}

TEST(ErrorBody, TextsAreValidForAnyBytes) {
  EXPECT_EQ(error_of_text("{\"error\":\"a\\ud83c\xFF\"}").message, "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(error_of_text("\xFF").message, "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace lockstep
