// SPDX-License-Identifier: Apache-2.0
// How a Responses answer ends, in a stream and as a whole body.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "server/inference/limits.h"
#include "server/inference/sse_parser.h"
#include "tests/inference/response_events.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

Written respond_whole(const std::string& body) {
  ResponsesDecoder decoder(RunId("r1"), {}, test_origin);
  Written written;
  written.take(decoder.take_whole(body));
  EXPECT_TRUE(decoder.ended());
  return written;
}

std::string incomplete(const std::string& reason) {
  return event("incomplete",
               R"(,"response":)" + response("incomplete", "",
                                            R"(,"incomplete_details":{"reason":")" + reason +
                                                R"("},"usage":{"output_tokens":5})"));
}

TEST(ResponsesEnd, AnAnswerThatIsCutByItsLengthIsCompleteAndSaysSo) {
  const Written written = respond({text_delta(0, "m", R"("a")"), incomplete("max_output_tokens")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish.reason, "length");
  EXPECT_EQ(written.end->usage->text, R"({"output_tokens":5})");
}

TEST(ResponsesEnd, AnAnswerThatAFilterTookAwayFails) {
  const Written written = respond({text_delta(0, "m", R"("a")"), incomplete("content_filter")});

  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(written.end->error->code, "content_filter");
  EXPECT_EQ(written.messages[0].ended, MessageStatus::failed);
}

TEST(ResponsesEnd, AnUnknownReasonShows) {
  const Written written = respond({text_delta(0, "m", R"("a")"), incomplete("max_tool_calls")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish.reason, "max_tool_calls");
}

TEST(ResponsesEnd, FailuresHaveTheCodesOfTheHouse) {
  const std::pair<std::string, std::string> failures[] = {
      {R"({"code":"server_error","message":"An error occurred."})", "upstream_error"},
      {R"({"code":"rate_limit_exceeded","message":"Rate limit reached."})",
       "upstream_rate_limited"},
      {R"({"code":"context_length_exceeded","message":"Your input exceeds the context window."})",
       "context_too_long"},
      {R"({"code":"insufficient_quota","message":"You exceeded your quota."})", "no_credit"},
      {R"({"code":"server_is_overloaded","message":"Busy."})", "upstream_overloaded"},
      {R"({"code":"invalid_prompt","message":"Invalid prompt: your prompt was flagged as )"
       R"(potentially violating our usage policy."})",
       "content_filter"},
  };
  for (const auto& [error, code] : failures) {
    SCOPED_TRACE(error);
    const std::string failed = response("failed", "", R"(,"error":)" + error);
    const Written streamed =
        respond({text_delta(0, "m", R"("a")"), event("failed", R"(,"response":)" + failed)});
    EXPECT_EQ(streamed.end->status, RunStatus::failed);
    EXPECT_EQ(streamed.end->error->code, code);
    EXPECT_EQ(respond_whole(failed).end->error->code, code);
    // The event `error` has the members of the error beside its type.
    const Written named = respond({R"({"type":"error",)" + error.substr(1)});
    EXPECT_EQ(named.end->error->code, code);
    EXPECT_FALSE(named.end->error->detail.contains('{')) << named.end->error->detail;
    EXPECT_EQ(respond({R"({"type":"error","error":)" + error + "}"}).end->error->code, code);
  }
}

TEST(ResponsesEnd, ErrorsShowNoSecret) {
  const Written written =
      respond({R"({"type":"error","code":"x","message":"Bad key sk-1234567890."})"},
              Redactor({"sk-1234567890"}));

  EXPECT_EQ(written.end->error->detail, "Bad key [secret].");
}

TEST(ResponsesEnd, TakesAWholeBody) {
  const std::string output = reasoning_item("rs_1", {}, "gAAA") + "," +
                             message_item("msg_1", R"("Hello")") + "," +
                             call_item("fc_1", "call_1", "look", R"("{}")");
  const Written written =
      respond_whole(response("completed", output, R"(,"error":null,"usage":{"input_tokens":1})"));

  EXPECT_EQ(written.shape(), "reasoning text call");
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish, (Finish{"tool_calls", "gpt-5-2026-01-01"}));
  EXPECT_EQ(written.opaque(0), reasoning_item("rs_1", {}, "gAAA"));
}

TEST(ResponsesEnd, AWholeBodyThatIsNotDoneWasInterrupted) {
  EXPECT_EQ(respond_whole(response("in_progress", "")).end->status, RunStatus::interrupted);
}

TEST(ResponsesEnd, AnEndMarkCompletesTheAnswer) {
  const Written written = respond({text_delta(0, "m", R"("a")"), "[DONE]"});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(respond({completed(), "[DONE]"}).end->status, RunStatus::completed);
}

TEST(ResponsesEnd, AStreamOfAnotherProtocolIsNamed) {
  const std::pair<std::string, std::string> protocols[] = {
      {R"({"id":"c","choices":[{"delta":{"content":"a"}}]})", "OpenAI Chat Completions"},
      {R"({"type":"message_start","message":{}})", "Anthropic Messages"},
      {R"({"candidates":[{"content":{}}]})", "Gemini"},
      {R"({"model":"m","done":false})", "Ollama"},
  };
  for (const auto& [chunk, name] : protocols) {
    for (const Written& written : {respond({chunk}), respond({chunk, "[DONE]"})}) {
      EXPECT_EQ(written.end->status, RunStatus::failed);
      EXPECT_EQ(written.end->error->code, "upstream_malformed");
      EXPECT_TRUE(written.end->error->detail.contains(name)) << written.end->error->detail;
    }
  }
}

TEST(ResponsesEnd, UnreadableDataFailsTheRun) {
  const Written written = respond({text_delta(0, "m", R"("a")"), "{not json"});

  EXPECT_EQ(written.end->error->code, "upstream_malformed");
}

TEST(ResponsesEnd, ACallWithoutANameFails) {
  const Written written = respond({arguments_delta(0, "f", R"("{}")"), completed()});

  EXPECT_EQ(written.end->error->code, "upstream_malformed");
}

// --- Limits --------------------------------------------------------------------------------------

TEST(ResponsesEnd, AnAnswerThatIsTooLongFails) {
  const std::string mega(1 << 20, 'a');
  std::vector<std::string> events;
  for (int i = 0; i <= 8; ++i) events.push_back(text_delta(0, "m", '"' + mega + '"'));
  EXPECT_EQ(respond(events).end->error->code, "upstream_too_large");
}

TEST(ResponsesEnd, OpaqueDataCountsInTheLengthOfAnAnswer) {
  std::vector<std::string> events;
  for (int i = 0; i <= 8; ++i) {
    events.push_back(done(i, reasoning_item("rs", {}, std::string(1 << 20, 'a'))));
  }
  EXPECT_EQ(respond(events).end->error->code, "upstream_too_large");
}

TEST(ResponsesEnd, AnAnswerWithTooManyItemsFails) {
  std::vector<std::string> events;
  for (int i = 0; i <= 2 * static_cast<int>(limits::parts_max); ++i) {
    events.push_back(added(i, R"({"type":"nothing"})"));
  }
  EXPECT_EQ(respond(events).end->error->code, "upstream_too_large");
  EXPECT_EQ(respond({added(0, call_item("f", std::string(limits::call_id_bytes_max + 1, 'c'),
                                        "look", R"("")"))})
                .end->error->code,
            "upstream_too_large");
}

// --- Any cut -------------------------------------------------------------------------------------

TEST(ResponsesEnd, TheStepsDoNotDependOnHowTheBytesCome) {
  const std::string item = message_item("m", R"("so 😀")");
  const std::vector<std::string> events = {created(),
                                           summary_delta(0, "r", 0, R"("Hm é")"),
                                           done(0, reasoning_item("r", {R"("Hm é")"}, "gA")),
                                           text_delta(1, "m", R"("so \ud83d")"),
                                           text_delta(1, "m", R"("\ude00")"),
                                           done(1, item),
                                           completed()};
  std::string stream;
  for (const std::string& each : events) stream += "event: x\ndata: " + each + "\n\n";
  const auto read = [&](std::mt19937* random) {
    SseParser parser(limits::sse_event_bytes_max);
    ResponsesDecoder decoder(RunId("r1"), {}, test_origin);
    std::vector<Step> steps;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = random ? 1 + (*random)() % 40 : stream.size();
      for (const ServerSentEvent& each : parser.feed(std::string_view(stream).substr(at, size))) {
        for (Step& step : decoder.take(each.data)) steps.push_back(std::move(step));
      }
      at += size;
    }
    EXPECT_TRUE(decoder.ended());
    return steps;
  };
  const std::vector<Step> whole = read(nullptr);
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    EXPECT_EQ(read(&random), whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lockstep
