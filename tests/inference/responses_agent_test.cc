// SPDX-License-Identifier: Apache-2.0
// The agent of kind `openai-responses` against a scripted server on loopback.
#include "server/inference/responses_agent.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/settings.h"
#include "tests/inference/loop.h"
#include "tests/inference/model_server.h"
#include "tests/inference/response_events.h"

namespace lockstep {
namespace {

struct ResponsesStage {
  explicit ResponsesStage(std::vector<ModelServer::Script> scripts) : server(std::move(scripts)) {
    options.endpoint = *parse_endpoint(server.url());
    options.model = "gpt-5";
    options.retry_first = std::chrono::milliseconds(2);
  }

  // Runs to the end of the run.
  const Written& run() {
    agent = std::make_unique<ResponsesAgent>(options, loop.get_executor(), random, clock);
    Message message;
    message.id = MessageId("u");
    message.parts = {TextPart{"Hi"}};
    Context context{.thread = {UserId("u"), ThreadId("t")},
                    .run = RunId("r1"),
                    .path = {message},
                    .settings = agent->settings(params).bytes};
    Sent sent = agent->sent(context);
    const auto generation = agent->start(std::move(context), std::move(sent), writer);
    EXPECT_TRUE(run_until(loop, [this] { return writer.written.end.has_value(); }));
    if (!writer.written.end) writer.written.end = EndRun();
    return writer.written;
  }

  [[nodiscard]] RequestSettings settings() {
    agent = std::make_unique<ResponsesAgent>(options, loop.get_executor(), random, clock);
    return read_settings(agent->settings(params).bytes).value();
  }

  boost::asio::io_context loop;
  TestRandom random;
  TestClock clock;
  ModelServer server;
  ResponsesOptions options;
  std::optional<Json> params;
  TestWriter writer;
  std::unique_ptr<ResponsesAgent> agent;
};

TEST(ResponsesAgent, SendsTheComposedBodyWithTheKeyAndKeepsWhatGoesBack) {
  std::promise<std::string> request;
  ResponsesStage stage({[&request](ServerPeer& peer) {
    request.set_value(peer.read_request());
    peer.send_stream_head();
    peer.send_event(done(0, reasoning_item("rs_1", {}, "gAAA")));
    peer.send_event(done(1, message_item("msg_1", R"("Hello")")));
    peer.send_event(completed());
  }});
  stage.options.key = "secret";
  stage.options.system = "Be brief.";
  stage.params = Json{R"({"max_tokens":5})"};

  const Written& written = stage.run();

  const std::string seen = request.get_future().get();
  EXPECT_TRUE(seen.starts_with("POST /v1/responses HTTP/1.1\r\n"));
  EXPECT_TRUE(seen.contains("\r\nAuthorization: Bearer secret\r\n"));
  EXPECT_TRUE(seen.ends_with(
      "\r\n\r\n"
      R"({"model":"gpt-5","instructions":"Be brief.","input":[{"type":"message","role":"user",)"
      R"("content":[{"type":"input_text","text":"Hi"}]}],"max_output_tokens":5,"stream":true,)"
      R"("store":false,"include":["reasoning.encrypted_content"]})"));
  EXPECT_EQ(written.shape(), "reasoning text");
  EXPECT_EQ(written.end->status, RunStatus::completed);
  const OpaqueData* data = written.messages[0].opaque.of(0);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->origin, stage.settings().origin);
  EXPECT_EQ(data->value.text, reasoning_item("rs_1", {}, "gAAA"));
}

TEST(ResponsesAgent, AsksForReasoningOnlyOfModelsThatGiveIt) {
  ResponsesStage stage(std::vector<ModelServer::Script>{});
  EXPECT_EQ(stage.settings().reasoning, ReasoningBack::always);
  stage.options.model = "gpt-4.1";
  EXPECT_EQ(stage.settings().reasoning, ReasoningBack::never);
  EXPECT_FALSE(find_member(stage.settings().request, "include"));
  stage.options.reasoning = ReasoningBack::with_calls;
  EXPECT_EQ(stage.settings().reasoning, ReasoningBack::with_calls);
  EXPECT_TRUE(find_member(stage.settings().request, "include"));
}

TEST(ResponsesAgent, TheModelOfARunIsPartOfTheOrigin) {
  ResponsesStage stage(std::vector<ModelServer::Script>{});
  stage.options.model_choice = ModelChoice::callers;
  EXPECT_TRUE(stage.settings().origin.ends_with(" gpt"));
  stage.params = Json{R"({"model":"o3"})"};
  EXPECT_TRUE(stage.settings().origin.ends_with(" o"));
}

TEST(ResponsesAgent, TellsARefusalWithTheServersSentence) {
  ResponsesStage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("400 Bad Request", "Content-Type: application/json\r\n",
                     R"({"error":{"message":"Your input exceeds the context window of this )"
                     R"(model.","type":"invalid_request_error","param":"input","code":)"
                     R"("context_length_exceeded"}})");
  }});
  const Written& written = stage.run();

  EXPECT_EQ(written.end->error->code, "context_too_long");
  EXPECT_TRUE(written.end->error->detail.contains("exceeds the context window"));
}

TEST(ResponsesAgent, TriesAgainBeforeTheFirstStepAndTakesAnErrorEventBehindIt) {
  ResponsesStage stage({[](ServerPeer& peer) {
                          peer.read_request();
                          peer.send_answer("503 Service Unavailable", "", "busy");
                        },
                        [](ServerPeer& peer) {
                          peer.read_request();
                          peer.send_stream_head();
                          peer.send_event(text_delta(0, "m", R"("Hel")"));
                          peer.send("event: error\ndata: " +
                                    std::string(R"({"type":"error","code":"server_error",)"
                                                R"("message":"Oh no.","param":null})") +
                                    "\n\n");
                        }});
  const Written& written = stage.run();

  EXPECT_EQ(stage.server.connections(), 2);
  EXPECT_EQ(written.text(), "Hel");
  EXPECT_EQ(written.end->error->code, "upstream_error");
  EXPECT_EQ(written.end->error->detail, "Oh no.");
}

TEST(ResponsesAgent, TakesAnAnswerThatIsNotStreamed) {
  ResponsesStage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", "Content-Type: application/json\r\n",
                     response("completed", message_item("m", R"("Hello")")));
  }});
  const Written& written = stage.run();

  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(written.end->finish.reason, "stop");
}

}  // namespace
}  // namespace lockstep
