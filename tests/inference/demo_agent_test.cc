// SPDX-License-Identifier: Apache-2.0
#include "server/inference/demo_agent.h"

#include <gtest/gtest.h>

#include "server/inference/demo_text.h"
#include "tests/inference/loop.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

struct Stage {
  std::unique_ptr<Generation> start(const std::string& params) {
    Message message;
    message.id = MessageId("u");
    message.parts = {TextPart{"Hi"}};
    path = {message};
    return agent.start({.thread = {UserId("u"), ThreadId("t")},
                        .run = RunId("r1"),
                        .path = path,
                        .settings = agent.settings(Json{params}).bytes},
                       {}, writer);
  }
  bool run_to_end() {
    return run_until(loop, [this] { return writer.written.end.has_value(); });
  }

  boost::asio::io_context loop;
  DemoAgent agent{DemoOptions(), loop.get_executor()};
  std::vector<Message> path;
  TestWriter writer;
};

TEST(DemoAgent, WritesItsTextTokenByToken) {
  Stage stage;
  const auto generation = stage.start(R"({"rate":1e9})");
  EXPECT_EQ(stage.writer.writes, 0);

  ASSERT_TRUE(stage.run_to_end());

  std::string text;
  for (const std::string& token : demo_tokens(stage.path, "", {})) text += token;
  EXPECT_EQ(stage.writer.written.text(), text);
  EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed);
  EXPECT_EQ(stage.writer.written.messages[0].ended, MessageStatus::complete);
}

TEST(DemoAgent, KeepsItsRate) {
  Stage stage;
  const auto begin = std::chrono::steady_clock::now();
  const auto generation = stage.start(R"({"rate":100,"tokens":20})");

  ASSERT_TRUE(stage.run_to_end());

  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, 195ms);
  EXPECT_LT(took, 2s);
  EXPECT_GT(stage.writer.writes, 3);
  EXPECT_EQ(stage.writer.written.end->usage->text, R"({"completion_tokens":20})");
}

TEST(DemoAgent, InterleavesTheMessagesOfSeveralSpeakers) {
  Stage stage;
  std::vector<std::size_t> first_lengths;
  const auto generation = stage.start(R"({"rate":2000,"tokens":50,"agents":2})");
  stage.writer.on_write = [&] {
    if (stage.writer.written.text(1).size() > 0)
      first_lengths.push_back(stage.writer.written.text(0).size());
  };

  ASSERT_TRUE(stage.run_to_end());

  const auto& messages = stage.writer.written.messages;
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].author, "ada");
  EXPECT_EQ(messages[1].author, "ben");
  EXPECT_NE(stage.writer.written.text(0), stage.writer.written.text(1));
  ASSERT_GT(first_lengths.size(), 2u);
  EXPECT_LT(first_lengths.front(), first_lengths.back())
      << "the first went on while the second spoke";
}

TEST(DemoAgent, RestsWhileTheWriterIsFull) {
  Stage stage;
  stage.writer.full = true;
  const auto generation = stage.start(R"({"rate":1000,"tokens":50})");
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));
  stage.loop.restart();
  stage.loop.run_for(30ms);
  EXPECT_EQ(stage.writer.writes, 1);

  stage.writer.full = false;
  generation->resume();

  ASSERT_TRUE(stage.run_to_end());
}

TEST(DemoAgent, SaysNothingMoreWhenStopped) {
  Stage stage;
  auto generation = stage.start(R"({"rate":1000,"tokens":50})");
  stage.writer.on_write = [&generation] { generation.reset(); };

  stage.loop.run_for(30ms);

  EXPECT_EQ(stage.writer.writes, 1);
  EXPECT_FALSE(stage.writer.written.end);
}

}  // namespace
}  // namespace lockstep
