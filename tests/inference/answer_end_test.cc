// SPDX-License-Identifier: Apache-2.0
// How an answer ends, and what it says about itself.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "tests/inference/decoded.h"

namespace lockstep {
namespace {

Written decode_whole(const std::string& body) {
  ChatDecoder decoder(RunId("r1"));
  Written written;
  written.take(decoder.take_whole(body));
  EXPECT_TRUE(written.end);
  return written;
}

Written decode_error(const std::string& data) {
  ChatDecoder decoder(RunId("r1"));
  Written written;
  written.take(decoder.take(content(R"("a")")));
  written.take(decoder.take_error(data));
  return written;
}

std::string message(const std::string& fields) {
  return R"({"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant",)" +
         fields + "}}]}";
}

// --- Complete or cut -----------------------------------------------------------------------------

TEST(AnswerEnd, DoneIsCompletenessWithoutAFinishReason) {
  for (const std::string done : {"[DONE]", "\"[DONE]\"", " [DONE] ", "\" [DONE]\"\r"}) {
    const Written written = decode({content(R"("a")"), done, content(R"("never")")});

    EXPECT_EQ(written.end->status, RunStatus::completed) << done;
    EXPECT_EQ(written.messages[0].ended, MessageStatus::complete);
    EXPECT_EQ(written.text(), "a");
  }
}

TEST(AnswerEnd, AWholeAnswerIsCompleteWithoutAFinishReason) {
  const Written written = decode_whole(R"({"choices":[{"message":{"content":"hi"}}]})");

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.text(), "hi");
}

TEST(AnswerEnd, ContentBehindTheFinishReasonIsTaken) {
  const Written written =
      decode({content(R"("a")"), finish("stop"), content(R"("b")"),
              calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"{}"}})"),
              finish("tool_calls"), "[DONE]"});

  EXPECT_EQ(written.text(), "ab");
  EXPECT_EQ(written.calls().size(), 1u);
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(AnswerEnd, AFinishReasonThatIsAWordForNoneIsNone) {
  for (const std::string none : {"null", "", "None", "NULL"}) {
    const Written written = decode({finish(none), content(R"("a")"), finish(none)});

    EXPECT_EQ(written.end->status, RunStatus::interrupted) << none;
  }
}

TEST(AnswerEnd, ReasonsOfEachProviderFailTheRunOrCutTheAnswer) {
  const std::pair<std::string, std::string> failures[] = {
      {"abort", "upstream_error"},
      {"malformed_function_call", "upstream_error"},
      {"MALFORMED_FUNCTION_CALL", "upstream_error"},
      {"error", "upstream_error"},
      {"insufficient_system_resource", "upstream_overloaded"},
      {"content_filter", "content_filter"},
      {"safety", "content_filter"},
      {"SAFETY", "content_filter"},
      {"recitation", "content_filter"},
      {"prohibited_content", "content_filter"},
  };
  for (const auto& [reason, code] : failures) {
    const Written written = decode({content(R"("a")"), finish(reason)});

    EXPECT_EQ(written.end->status, RunStatus::failed) << reason;
    ASSERT_TRUE(written.end->error) << reason;
    EXPECT_EQ(written.end->error->code, code) << reason;
    EXPECT_EQ(written.end->error->detail, "The model server ended the answer: " + reason + ".");
  }
  for (const std::string reason : {"length", "max_tokens", "MAX_TOKENS", "model_length"}) {
    const Written written = decode({content(R"("a")"), finish(reason)});

    EXPECT_EQ(written.end->status, RunStatus::completed) << reason;
    EXPECT_EQ(written.end->finish.reason, "length") << reason;
    EXPECT_EQ(written.messages[0].finish.reason, "length") << reason;
  }
}

// --- A message in a stream -----------------------------------------------------------------------

TEST(AnswerEnd, ALastMessageThatRepeatsTheAnswerAddsNothing) {
  const Written written = decode(
      {content(R"("Hello ")"), content(R"("world")"), message(R"("content":"Hello world")")});

  EXPECT_EQ(written.text(), "Hello world");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(AnswerEnd, AMessageCountsIfNothingWasSaid) {
  EXPECT_EQ(
      decode({delta(R"("role":"assistant","content":"")"), message(R"("content":"Hi")")}).text(),
      "Hi");
}

TEST(AnswerEnd, ALastMessageGivesTheCallsThatNoDeltaHadSaid) {
  const std::string call = R"("tool_calls":[{"id":"x","function":{"name":"f","arguments":"{}"}}])";

  const Written late = decode({content(R"("a")"), message(R"("content":"a",)" + call)});
  const Written repeated = decode({delta(call), message(R"("content":"",)" + call)});

  EXPECT_EQ(late.shape(), "text call");
  EXPECT_EQ(late.text(), "a");
  EXPECT_EQ(repeated.shape(), "call");
}

// --- Errors --------------------------------------------------------------------------------------

TEST(AnswerEnd, AnErrorOfAnyFormInTheStreamFailsTheRunWithItsSentence) {
  const std::string errors[] = {
      R"({"object":"error","message":"went away","type":"ServerError","code":500})",
      R"({"detail":"went away"})",
      R"({"detail":[{"loc":[],"msg":"went away"}]})",
      R"([{"error":{"code":500,"message":"went away"}}])",
      R"({"error":"went away"})",
      R"({"type":"error","message":"went away"})",
      R"({"type":"error","error":{"type":"api_error","message":"went away"}})",
      R"({"message":"went away","code":500})",
      R"({"success":false,"errors":[{"message":"went away"}]})",
  };
  for (const std::string& error : errors) {
    const Written written = decode({content(R"("a")"), error, "[DONE]"});

    EXPECT_EQ(written.end->status, RunStatus::failed) << error;
    ASSERT_TRUE(written.end->error) << error;
    EXPECT_EQ(*written.end->error, (RunError{"upstream_error", "went away"})) << error;
    EXPECT_EQ(written.text(), "a");
  }
}

TEST(AnswerEnd, AnEventThatIsNamedAnErrorFailsTheRunWhateverItHolds) {
  for (const std::string data :
       {R"({"message":"went away","code":500})", R"({"msg":"went away"})", R"("went away")",
        "went away", R"({"error":{"message":"went away"}})"}) {
    const Written written = decode_error(data);

    EXPECT_EQ(written.end->status, RunStatus::failed) << data;
    EXPECT_EQ(*written.end->error, (RunError{"upstream_error", "went away"})) << data;
  }
}

TEST(AnswerEnd, AnErrorInAWholeBodyHasItsCodeToo) {
  EXPECT_EQ(*decode_whole(R"({"message":"Insufficient Balance"})").end->error,
            (RunError{"no_credit", "Insufficient Balance"}));
  EXPECT_EQ(decode_whole("{\"error\":{\"message\":\"exceeds the available context size\"}}\n")
                .end->error->code,
            "context_too_long");
}

TEST(AnswerEnd, WhatIsNoErrorInAChunkIsNone) {
  for (const std::string fields :
       {R"("error":null)", R"("error":"")", R"("error":{})", R"("error":false)",
        R"("message":"hello")", R"("status":"ok","message":"hello")"}) {
    const Written written =
        decode({"{" + fields + R"(,"choices":[{"delta":{"content":"a"}}]})", finish("stop")});

    EXPECT_EQ(written.end->status, RunStatus::completed) << fields;
  }
}

// --- Other protocols -----------------------------------------------------------------------------

TEST(AnswerEnd, AStreamOfAnotherProtocolIsNamed) {
  const std::pair<std::string, std::string> streams[] = {
      {R"({"type":"response.output_text.delta","delta":"Hi"})", "OpenAI Responses"},
      {R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}})",
       "Anthropic Messages"},
      {R"({"model":"m","message":{"role":"assistant","content":"Hi"},"done":false})", "Ollama"},
      {R"({"choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]})", "choices[].text"},
      {R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]})", "Gemini"},
      {R"({"response":"Hi"})", "no chunk had `choices[].delta`"},
  };
  for (const auto& [chunk, name] : streams) {
    for (const Written& written : {decode({chunk, "[DONE]"}), decode({chunk}), decode_whole(chunk),
                                   decode_whole(chunk + "\n" + chunk)}) {
      EXPECT_EQ(written.end->status, RunStatus::failed) << chunk;
      ASSERT_TRUE(written.end->error) << chunk;
      EXPECT_EQ(written.end->error->code, "upstream_malformed") << chunk;
      EXPECT_TRUE(written.end->error->detail.contains(name)) << written.end->error->detail;
      EXPECT_TRUE(written.end->error->detail.contains("`base_url`"));
    }
  }
}

TEST(AnswerEnd, ChunksAsLinesOfJsonAreTaken) {
  const Written written =
      decode_whole(content(R"("Hel")") + "\n" + content(R"("lo")") + "\r\n\n" + finish("stop"));

  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(decode_whole(content(R"("a")") + "\n" + content(R"("b")")).end->status,
            RunStatus::interrupted);
}

TEST(AnswerEnd, AnAnswerThatSaysNothingIsComplete) {
  EXPECT_EQ(decode({R"({"choices":[],"usage":{"total_tokens":1}})", "[DONE]"}).end->status,
            RunStatus::completed);
  EXPECT_EQ(decode({delta(R"("content":"")"), R"({"done":true})", "[DONE]"}).end->status,
            RunStatus::completed);
}

// --- Usage, and who answered ---------------------------------------------------------------------

TEST(AnswerEnd, NumbersKeepTheirDigits) {
  const std::string numbers = R"({"cost":0.0076509169000000005,"a":1.0,"b":[19.99,1E400],)"
                              R"("c":12345678901234567890123})";
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":)" + numbers + "}}"),
              R"({"choices":[],"usage":)" + numbers + "}", finish("tool_calls")});

  EXPECT_EQ(written.calls()[0].arguments, numbers);
  EXPECT_EQ(written.end->usage->text, numbers);
}

TEST(AnswerEnd, TheMessageAndTheRunTellTheReasonAndTheModelThatAnswered) {
  const Written written =
      decode({R"({"model":"big","choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],)"
              R"("usage":{"total_tokens":1}})"});

  EXPECT_EQ(written.end->finish, (Finish{"stop", "big"}));
  EXPECT_EQ(written.messages[0].finish, (Finish{"stop", "big"}));
  EXPECT_EQ(written.end->usage->text, R"({"total_tokens":1})");
}

TEST(AnswerEnd, AReasonOfTheServersOwnStandsInItsOwnWord) {
  const Written written = decode({content(R"("a")"), finish("pause_turn")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish, (Finish{"pause_turn", {}}));
}

TEST(AnswerEnd, WordsOfTheServerAreShortAndWithoutSecrets) {
  const std::string key = "a-key-of-many-letters";
  const std::string model = R"({"model":")" + key + std::string(1000, 'x') + R"(",)";
  const Written written =
      decode({model + R"("choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})"},
             Redactor({key}));

  ASSERT_TRUE(written.end->finish.model);
  EXPECT_LE(written.end->finish.model->size(), limits::finish_bytes_max);
  EXPECT_EQ(written.end->finish.model->find("many-letters"), std::string::npos);
}

TEST(AnswerEnd, AnAnswerThatIsInterruptedHasNoReason) {
  const Written written = decode({content(R"("a")")});

  EXPECT_EQ(written.end->status, RunStatus::interrupted);
  EXPECT_EQ(written.end->finish, Finish());
}

}  // namespace
}  // namespace lockstep
