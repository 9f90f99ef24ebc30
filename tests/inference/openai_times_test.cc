// SPDX-License-Identifier: Apache-2.0
// The agent and time: its deadlines, the close at a stop, and backpressure.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/inference/openai_stage.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

// --- Time-outs -----------------------------------------------------------------------------------

TEST(OpenAiAgent, AServerThatNeverAnswersTimesOut) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.await_close(5s);
  }});
  stage.options.connect_timeout = 1h;  // counts to the connection alone
  stage.options.first_token_timeout = 30ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_timeout");
  EXPECT_EQ(
      stage.detail(),
      "The model server did not begin to answer within 0.03 s (`first_token_timeout_seconds`).");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(OpenAiAgent, AHeadThatTricklesInTimesOut) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX-Wait: ");
    for (int i = 0; i < 200 && !peer.await_close(5ms); ++i) peer.send("x");
  }});
  stage.options.first_token_timeout = 60ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_timeout");
}

TEST(OpenAiAgent, ARefusalWhoseBodyHangsTimesOut) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\nlat");
                 peer.await_close(5s);
               },
               answer_hello});
  stage.options.first_token_timeout = 60ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_timeout");
}

TEST(OpenAiAgent, TheTimeInWhichAWriterIsFullCountsForNoToken) {
  std::atomic<bool> said_all = false;
  Stage stage({[&said_all](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("Hel"));
    peer.await_close(300ms);  // longer than between two tokens
    peer.send_event(content("lo"));
    peer.send_event(stop);
    said_all = true;
  }});
  stage.options.first_token_timeout = stage.options.token_timeout = 200ms;
  stage.writer.full = true;
  auto generation = stage.start(stage.writer);
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));

  ASSERT_TRUE(run_until(stage.loop, [&said_all] { return said_all.load(); }));
  EXPECT_FALSE(stage.writer.written.end);
  stage.writer.full = false;
  generation->resume();

  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.written.end.has_value(); }));
  EXPECT_EQ(stage.writer.written.text(), "Hello");
  EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed);
}

TEST(OpenAiAgent, AServerThatHangsAfterAPauseTimesOut) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("Hel"));
    peer.await_close(5s);
  }});
  stage.options.token_timeout = 40ms;
  stage.writer.full = true;
  auto generation = stage.start(stage.writer);
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));

  stage.writer.full = false;
  generation->resume();

  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.written.end.has_value(); }, 3s));
  EXPECT_EQ(stage.error(), "upstream_timeout");
}

// Sends `piece` again and again, more often than any deadline of the test runs out.
ModelServer::Script repeating(const std::string& before, const std::string& piece, int times,
                              const std::string& behind) {
  return [before, piece, times, behind](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send(before);
    for (int i = 0; i < times && !peer.await_close(10ms); ++i) peer.send(piece);
    peer.send(behind);
  };
}

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

const std::string no_content = event(R"({"choices":[{"index":0,"delta":{}}]})");

TEST(OpenAiAgent, CommentsAndChunksWithoutTextAreSignsOfLife) {
  for (const std::string& piece : {std::string(": wait\n\n"), no_content}) {
    for (const std::string& before : {std::string(), event(content("Hel"))}) {
      SCOPED_TRACE(piece + before);
      Stage stage({repeating(before, piece, 30, event(content("lo")) + event(stop))});
      stage.options.first_token_timeout = stage.options.token_timeout = 100ms;

      stage.run();

      EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed) << stage.detail();
      EXPECT_TRUE(stage.writer.written.text().ends_with("lo"));
    }
  }
}

TEST(OpenAiAgent, ALongChunkThatTricklesInIsASignOfLife) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    const std::string whole = event(content(std::string(300, 'x'))) + event(stop);
    for (std::size_t at = 0; at < whole.size(); at += 10) {
      if (peer.await_close(10ms)) return;
      peer.send(whole.substr(at, 10));
    }
  }});
  stage.options.first_token_timeout = stage.options.token_timeout = 100ms;

  EXPECT_EQ(stage.run().text(), std::string(300, 'x')) << stage.detail();
}

TEST(OpenAiAgent, AStreamOfOnlyCommentsEndsAfterALimitOfItsOwn) {
  for (const std::string& before : {std::string(), event(content("Hel"))}) {
    Stage stage({repeating(before, ": wait\n\n", 500, "")});
    stage.options.keepalive_timeout = 120ms;

    EXPECT_EQ(stage.run().end->status, RunStatus::failed);
    EXPECT_EQ(stage.error(), "upstream_timeout");
    EXPECT_EQ(stage.detail(),
              "The model server sent signs of life, but no chunk of its answer within 0.12 s "
              "(`keepalive_timeout_seconds`).");
  }
}

TEST(OpenAiAgent, AChunkStartsTheLimitOfCommentsAgain) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    for (int i = 0; i < 30 && !peer.await_close(10ms); ++i) {
      peer.send(i % 5 == 0 ? no_content : ": wait\n\n");
    }
    peer.send_event(stop);
  }});
  stage.options.keepalive_timeout = 150ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::completed) << stage.detail();
}

TEST(OpenAiAgent, SilenceHasTheLimitOfSilenceThoughThatOfCommentsIsShorter) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.await_close(200ms);
    peer.send_event(content("Hi"));
    peer.send_event(stop);
  }});
  stage.options.keepalive_timeout = 50ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::completed) << stage.detail();
}

TEST(OpenAiAgent, WhatFlowsBehindTheFinishReasonIsWaitedFor) {
  const std::string usage = event(R"({"choices":[],"usage":{"total_tokens":7}})");
  Stage stage({repeating(event(content("Hi")) + event(stop), no_content, 30, usage)});
  stage.options.token_timeout = 100ms;  // shorter than all of it, longer than each silence

  ASSERT_TRUE(stage.run().end->usage) << stage.detail();
  EXPECT_NE(stage.writer.written.end->usage->text.find("7"), std::string::npos);
}

TEST(OpenAiAgent, CommentsBehindTheFinishReasonAreNotWaitedFor) {
  Stage stage({repeating(event(content("Hi")) + event(stop), ": wait\n\n", 500, "")});
  stage.options.token_timeout = 60ms;
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(stage.run().end->status, RunStatus::completed) << stage.detail();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(OpenAiAgent, AServerThatHangsBetweenTokensTimesOutByItsOwnDeadline) {
  bool closed = false;
  {
    Stage stage({[&closed](ServerPeer& peer) {
      peer.read_request();
      peer.send_stream_head();
      peer.send_event(content("Hel"));
      closed = peer.await_close(5s);
    }});
    stage.options.token_timeout = 40ms;  // the first token's is minutes

    const Written& written = stage.run();

    EXPECT_EQ(written.text(), "Hel");
    EXPECT_EQ(written.end->status, RunStatus::failed);
    EXPECT_EQ(stage.error(), "upstream_timeout");
    EXPECT_EQ(
        stage.detail(),
        "The model server did not send its next token within 0.04 s (`token_timeout_seconds`).");
  }
  EXPECT_TRUE(closed);
}

TEST(OpenAiAgent, AServerThatHangsBehindTheFinishReasonHasAnswered) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("Hi"));
    peer.send_event(stop);
    peer.await_close(5s);
  }});
  stage.options.token_timeout = 40ms;

  EXPECT_EQ(stage.run().end->status, RunStatus::completed);
}

TEST(OpenAiAgent, WritesNothingMoreBehindTheEndOfItsRun) {
  for (const bool full_behind_it : {false, true}) {
    SCOPED_TRACE(full_behind_it);
    Stage stage({answer_hello});
    stage.options.token_timeout = stage.options.first_token_timeout = 30ms;
    auto generation = stage.start(stage.writer);
    stage.writer.on_write = [&] { stage.writer.full = full_behind_it && stage.writer.written.end; };
    ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.written.end.has_value(); }));
    const int writes = stage.writer.writes;

    stage.loop.restart();
    stage.loop.run_for(100ms);

    EXPECT_EQ(stage.writer.writes, writes);
  }
}

// --- Stop and flow -------------------------------------------------------------------------------

TEST(OpenAiAgent, StopClosesTheConnectionAtOnce) {
  std::promise<std::chrono::steady_clock::time_point> closed;
  Stage stage({[&closed](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("Hel"));
    if (peer.await_close(5s)) closed.set_value(std::chrono::steady_clock::now());
  }});
  auto generation = stage.start(stage.writer);
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));

  const auto stopped = std::chrono::steady_clock::now();
  generation.reset();
  // Without one more turn of the loop.
  auto future = closed.get_future();
  ASSERT_EQ(future.wait_for(5s), std::future_status::ready);

  EXPECT_LT(future.get() - stopped, 500ms);
  stage.loop.poll();
  EXPECT_EQ(stage.writer.written.text(), "Hel");
  EXPECT_FALSE(stage.writer.written.end);
}

TEST(OpenAiAgent, MayBeStoppedAtAnyMoment) {
  for (int turns = 0; turns < 12; ++turns) {
    Stage stage({answer_hello});
    auto generation = stage.start(stage.writer);
    for (int i = 0; i < turns; ++i) {
      stage.loop.restart();
      stage.loop.run_one_for(50ms);
    }

    const int writes = stage.writer.writes;
    generation.reset();
    stage.loop.restart();
    stage.loop.run_for(5ms);

    EXPECT_EQ(stage.writer.writes, writes);
  }
}

TEST(OpenAiAgent, MayBeStoppedFromWithinAWrite) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("Hel"));
    peer.await_close(5s);
  }});
  auto generation = stage.start(stage.writer);
  stage.writer.on_write = [&generation] { generation.reset(); };

  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));
  stage.loop.restart();
  stage.loop.run_for(20ms);

  EXPECT_EQ(stage.writer.writes, 1);
}

TEST(OpenAiAgent, ReadsNoMoreWhileTheWriterIsFullAndGoesOnWhenItIsNot) {
  std::atomic<std::size_t> sent = 0;
  constexpr std::size_t chunks = 200;
  Stage stage({[&sent](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    const std::string piece(100'000, 'x');  // in all more than the sockets between us hold
    for (std::size_t i = 0; i < chunks / 4; ++i) {
      peer.send_event(content(piece));
      ++sent;
    }
    peer.send_event(stop);
  }});
  stage.writer.full = true;
  auto generation = stage.start(stage.writer);
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.writes > 0; }));

  stage.loop.restart();
  stage.loop.run_for(100ms);
  const int writes = stage.writer.writes;
  stage.loop.restart();
  stage.loop.run_for(100ms);

  EXPECT_EQ(stage.writer.writes, writes);
  stage.writer.full = false;
  generation->resume();
  ASSERT_TRUE(run_until(stage.loop, [&stage] { return stage.writer.written.end.has_value(); }));
  EXPECT_EQ(stage.writer.written.text().size(), chunks / 4 * 100'000);
  EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed);
}

}  // namespace
}  // namespace lockstep
