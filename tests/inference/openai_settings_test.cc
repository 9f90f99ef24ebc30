// SPDX-License-Identifier: Apache-2.0
// What the settings of an agent make of requests and answers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/inference/openai_agent.h"
#include "tests/inference/openai_stage.h"

namespace lockstep {
namespace {

TEST(OpenAiAgent, SplitsThinkTagsOffIfTheSettingsSaySo) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    for (const char* piece : {"<thi", "nk>hm</", "think>So"}) peer.send_event(content(piece));
    peer.send_event(stop);
    peer.send_event(done);
  }});
  stage.options.think_tags = ThinkTags::on;

  const Written& written = stage.run();

  EXPECT_EQ(written.shape(), "reasoning text");
  EXPECT_EQ(written.text(), "So");
}

// A server that goes on behind a text does not begin to think, so no closing tag comes.
TEST(OpenAiAgent, TakesTheRestOfAPrefilledAnswerAsText) {
  for (const bool prefill : {true, false}) {
    Stage stage({[](ServerPeer& peer) {
      peer.read_request();
      peer.send_stream_head();
      peer.send_event(content(" upon a time"));
      peer.send_event(stop);
      peer.send_event(done);
    }});
    stage.options.think_tags = ThinkTags::open;
    stage.options.prefill = prefill;
    stage.continued.emplace();
    stage.continued->id = MessageId("a1");
    stage.continued->role = Role::assistant;
    stage.continued->parts = {TextPart{"Once"}};

    EXPECT_EQ(stage.run().shape(), prefill ? "text" : "reasoning");
  }
}

TEST(OpenAiAgent, SendsNothingOfARequestThatIsTooLong) {
  Stage stage(std::vector<ModelServer::Script>{});
  stage.options.context_tokens = 10;

  const Written& written = stage.run();

  EXPECT_TRUE(written.messages.empty());
  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "context_too_long");
  EXPECT_TRUE(stage.detail().contains("`context_tokens` is 10"));
  EXPECT_EQ(stage.server.connections(), 0);
}

}  // namespace
}  // namespace lockstep
