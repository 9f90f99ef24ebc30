// SPDX-License-Identifier: Apache-2.0
// openai_stage.h: the agent for OpenAI's protocol, in front of a scripted server on loopback.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/inference/openai_agent.h"
#include "tests/inference/loop.h"
#include "tests/inference/model_server.h"

namespace lockstep {

inline const std::string done = "[DONE]";
inline const std::string stop = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
inline std::string content(const std::string& text) {
  return R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("}}]})";
}

inline void answer_hello(ServerPeer& peer) {
  peer.read_request();
  peer.send_stream_head();
  peer.send_event(content("Hel"));
  peer.send_event(content("lo"));
  peer.send_event(stop);
  peer.send_event(done);
}

struct Stage {
  explicit Stage(std::vector<ModelServer::Script> scripts) : server(std::move(scripts)) {
    options.endpoint = *parse_endpoint(server.url());
    options.model = "m";
    options.retry_first = std::chrono::milliseconds(2);
  }

  std::unique_ptr<Generation> start(StepWriter& to) {
    agent = std::make_unique<OpenAiAgent>(options, loop.get_executor(), random, clock);
    Message message;
    message.id = MessageId("u");
    message.parts = {TextPart{"Hi"}};
    Context context{.thread = {UserId("u"), ThreadId("t")},
                    .run = RunId("r1"),
                    .path = {message},
                    .settings = agent->settings(params).bytes};
    if (continued) {
      context.continues = continued->id;
      context.path.push_back(*continued);
    }
    Sent sent = agent->sent(context);
    return agent->start(std::move(context), std::move(sent), to);
  }

  // Runs to the end of the run.
  const Written& run() {
    const auto generation = start(writer);
    EXPECT_EQ(writer.writes, 0) << "written from within start";
    EXPECT_TRUE(run_until(loop, [this] { return writer.written.end.has_value(); }));
    if (!writer.written.end) writer.written.end = EndRun();
    return writer.written;
  }

  [[nodiscard]] std::string error() const {
    return writer.written.end->error ? writer.written.end->error->code : "";
  }
  [[nodiscard]] std::string detail() const {
    return writer.written.end->error ? writer.written.end->error->detail : "";
  }

  boost::asio::io_context loop;
  TestRandom random;
  TestClock clock;
  ModelServer server;
  OpenAiOptions options;
  std::optional<Json> params;
  std::optional<Message> continued;  // the answer that the run goes on with
  TestWriter writer;
  std::unique_ptr<OpenAiAgent> agent;
};

}  // namespace lockstep
