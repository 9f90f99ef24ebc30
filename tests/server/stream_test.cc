// SPDX-License-Identifier: Apache-2.0
// Streams over HTTP: what a front gets, from the diff to the end.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

using boost::json::object;

constexpr std::string_view as_json = "Accept: application/json\r\n";
constexpr std::string_view as_lines = "Accept: application/x-ndjson\r\n";

object frame_of(const std::string& text) { return boost::json::parse(text).as_object(); }

std::string start(const std::string& run, const std::string& agent, const std::string& text) {
  return R"({"changes":[{"type":"start_run","run":")" + run + R"(","agent":")" + agent +
         R"(","input":[{"id":"u-)" + run + R"(","text":")" + text + "\"}]}]}";
}
std::string step(int seq, const std::string& fields) {
  return R"({"steps":[{"seq":)" + std::to_string(seq) + "," + fields + "}]}";
}

class Streams : public testing::Test {
 protected:
  // One step of `r1` of the thread `t1`, durable when this returns.
  void push(int seq, const std::string& fields) {
    Client client(server.port());
    const Reply reply =
        client.request("POST", "/v1/threads/t1/runs/r1/steps?attempt=1", step(seq, fields));
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  void start_r1() {
    Client client(server.port());
    ASSERT_EQ(
        client.request("POST", "/v1/threads/t1/sync", start("r1", "push", "hi"), as_json).status,
        200);
  }
  FrontFixture server;
};

// The events of a stream to its end, as their types, with the texts joined.
struct Heard {
  std::string text;
  std::string last_reason;
  std::uint64_t entries = 0;
  std::uint64_t at = 0;  // the last entry's
};

Heard listen(Client& client) {
  Heard heard;
  while (const auto event = client.read_event()) {
    const object frame = frame_of(*event);
    if (frame.at("frame") == "end") heard.last_reason = frame.at("reason").as_string();
    if (frame.at("frame") == "diff") {
      heard.at = std::stoull(std::string(frame.at("cursor").as_string()));
    }
    if (frame.at("frame") != "entry") continue;
    EXPECT_EQ(frame.at("prev").to_number<std::uint64_t>(), heard.at);
    heard.at = frame.at("ts").to_number<std::uint64_t>();
    ++heard.entries;
    heard.text += text_added(frame);
  }
  return heard;
}

TEST_F(Streams, RefusedChangesAreAnsweredThoughTheThreadIsNotThere) {
  Client client(server.port());
  const std::string stop =
      R"({"device":"d1","changes":[{"type":"stop_run","op":1,"run":"nobody"}],"follow":"live"})";
  client.send(request_text("POST", "/v1/threads/never/sync", stop, {}));

  const Reply head = client.read_head();
  const auto diff = client.read_event();
  const auto end = client.read_event();

  EXPECT_EQ(head.status, 200);
  ASSERT_TRUE(diff && end);
  const object answer = frame_of(*diff);
  EXPECT_EQ(answer.at("outcomes").at(0).at("outcome"), "refused");
  EXPECT_EQ(answer.at("outcomes").at(0).at("code"), "unknown_run");
  EXPECT_EQ(frame_of(*end).at("frame"), "end");
}

TEST_F(Streams, ARunIsFollowedFromItsStartToItsEnd) {
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t1/sync", start("e", "echo", "hello there"), {}));

  const Reply head = client.read_head();
  const Heard heard = listen(client);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("connection"), "close");
  EXPECT_EQ(heard.text, "hello there");
  EXPECT_EQ(heard.last_reason, "done");
}

TEST_F(Streams, EveryEventOfAStreamBearsTheCursorThatItLeadsTo) {
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t1/sync",
                           R"({"follow":"none","changes":[{"type":"update_thread","title":"x"}]})",
                           {}));
  client.read_head();

  const std::string diff = client.read_until("\n\n");
  const std::string end = client.read_until("\n\n");

  const std::string id = diff.substr(0, diff.find('\n'));
  EXPECT_TRUE(id.starts_with("id: ")) << diff;
  EXPECT_EQ(end, id + "\ndata: {\"frame\":\"end\",\"cursor\":\"" + id.substr(4) +
                     "\",\"reason\":\"done\"}\n\n");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Streams, LinesAreTheSameFrames) {
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t1/sync", start("e", "echo", "ab"), as_lines));
  EXPECT_EQ(client.read_head().headers.at("content-type"), "application/x-ndjson");

  std::string lines = client.read_to_end();

  std::vector<std::string> kinds;
  while (!lines.empty()) {
    const std::string line = lines.substr(0, lines.find('\n'));
    kinds.emplace_back(frame_of(line).at("frame").as_string());
    lines.erase(0, line.size() + 1);
  }
  ASSERT_GE(kinds.size(), 3U);
  EXPECT_EQ(kinds.front(), "diff");
  EXPECT_EQ(kinds.back(), "end");
}

TEST_F(Streams, AJsonAnswerWaitsForTheRunIfAskedTo) {
  Client client(server.port());
  std::string body = start("e", "echo", "patience");
  body.insert(1, R"("follow":"run",)");

  const Reply reply = client.request("POST", "/v1/threads/t1/sync", body, as_json);

  const object diff = frame_of(reply.body);
  EXPECT_EQ(diff.at("runs").at(0).at("status"), "completed");
  EXPECT_EQ(diff.at("messages").at(1).at("parts").at(0).at("text"), "patience");
  EXPECT_EQ(diff.at("outcomes").at(0).at("outcome"), "applied");
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(Streams, AJsonAnswerThatWasWaitedForCanBeTheLast) {
  Client client(server.port());
  std::string body = start("e", "echo", "last");
  body.insert(1, R"("follow":"run",)");

  const Reply reply = client.request("POST", "/v1/threads/t1/sync", body,
                                     std::string(as_json) + "Connection: close\r\n");

  EXPECT_EQ(frame_of(reply.body).at("runs").at(0).at("status"), "completed");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Streams, ALostStreamGoesOnWhereItWasLost) {
  start_r1();
  push(1, R"("type":"message_created","message":{"id":"a1"})");
  push(2, R"("type":"content_appended","message":"a1","text":"one ")");
  std::string cursor;
  {
    Client lost(server.port());
    lost.send(request_text("GET", "/v1/threads/t1/events?follow=run", {}, {}));
    lost.read_head();
    for (int at = 0; at < 3; ++at) cursor = lost.read_until("\n\n");
  }
  const std::string id = cursor.substr(4, cursor.find('\n') - 4);
  push(3, R"("type":"content_appended","message":"a1","text":"two ")");
  Client again(server.port());
  again.send(
      request_text("GET", "/v1/threads/t1/events?follow=run", {}, "Last-Event-ID: " + id + "\r\n"));
  again.read_head();

  const object next = frame_of(*again.read_event());
  const object live = frame_of(*again.read_event());
  push(4, R"("type":"message_ended","message":"a1")");
  push(5, R"("type":"run_ended")");
  const object ended = frame_of(*again.read_event());

  EXPECT_EQ(std::to_string(next.at("prev").to_number<std::uint64_t>()), id.substr(0, id.find('@')));
  EXPECT_EQ(next.at("events").at(0).at("text"), "two ");
  EXPECT_EQ(live.at("frame"), "live");
  EXPECT_EQ(ended.at("events").at(0).at("type"), "message_ended");
  EXPECT_EQ(frame_of(*again.read_event()).at("events").at(0).at("type"), "run_ended");
  const object end = frame_of(*again.read_event());
  EXPECT_EQ(end.at("frame"), "end");
  EXPECT_FALSE(again.read_event().has_value());

  Client done(server.port());
  const std::string last(end.at("cursor").as_string());
  EXPECT_EQ(
      done.request("GET", "/v1/threads/t1/events?follow=run", {}, "Last-Event-ID: " + last + "\r\n")
          .status,
      204);
}

TEST_F(Streams, EventsUntilATimestampEndThere) {
  start_r1();
  push(1, R"("type":"message_created","message":{"id":"a1"})");
  Client client(server.port());
  const std::string all = [&client] {
    client.send(request_text("GET", "/v1/threads/t1/events", {},
                             "Accept: application/x-ndjson\r\nConnection: close\r\n"));
    client.read_head();
    return client.read_to_end();
  }();
  const object first = frame_of(all.substr(0, all.find('\n')));
  const std::string until = std::to_string(first.at("ts").to_number<std::uint64_t>());
  Client again(server.port());
  again.send(request_text("GET", "/v1/threads/t1/events?follow=live&until=" + until, {}, as_lines));
  again.read_head();

  const std::string some = again.read_to_end();

  EXPECT_TRUE(some.starts_with(all.substr(0, all.find('\n')))) << some;
  EXPECT_NE(some.find("\"reason\":\"done\""), std::string::npos);
}

TEST_F(Streams, TwoFollowersHearTheSame) {
  start_r1();
  Client first(server.port());
  Client second(server.port());
  for (Client* client : {&first, &second}) {
    client->send(request_text("POST", "/v1/threads/t1/sync", "{}", {}));
    client->read_head();
  }
  push(1, R"("type":"message_created","message":{"id":"a1"})");
  for (int seq = 2; seq < 20; ++seq) {
    push(seq, R"("type":"content_appended","message":"a1","text":"x\u2028\u0001 ")");
  }
  push(20, R"("type":"message_ended","message":"a1")");
  push(21, R"("type":"run_ended")");

  const Heard one = listen(first);
  const Heard two = listen(second);

  EXPECT_EQ(one.text.size(), 18U * 6U);
  EXPECT_EQ(one.text, two.text);
  EXPECT_EQ(one.last_reason, "done");
}

TEST_F(Streams, AClientThatGoesAwayStopsNoRunAndLeavesNothing) {
  start_r1();
  push(1, R"("type":"message_created","message":{"id":"a1"})");
  {
    Client client(server.port());
    client.send(request_text("POST", "/v1/threads/t1/sync", R"({"follow":"live"})", {}));
    client.read_head();
    EXPECT_EQ(server.counts().streams, 1U);
  }

  push(2, R"("type":"content_appended","message":"a1","text":"still here")");

  FrontCounts counts = server.counts();
  for (int look = 0; counts.streams > 0 && look < 1000; ++look) counts = server.counts();
  EXPECT_EQ(counts.streams, 0U);
  Client client(server.port());
  EXPECT_NE(client.request("GET", "/v1/threads/t1/runs/r1").body.find("running"),
            std::string::npos);
}

TEST_F(Streams, ADeletedThreadEndsItsStreams) {
  start_r1();
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t1/sync", R"({"follow":"live"})", {}));
  client.read_head();
  EXPECT_EQ(frame_of(*client.read_event()).at("frame"), "diff");

  EXPECT_EQ(Client(server.port()).request("DELETE", "/v1/threads/t1").status, 204);

  EXPECT_EQ(listen(client).last_reason, "deleted");
}

TEST_F(Streams, TheFeedTellsOfThreadsAsTheyChange) {
  start_r1();
  Client feed(server.port());
  feed.send(request_text("GET", "/v1/feed", {}, {}));
  EXPECT_EQ(feed.read_head().status, 200);
  Client client(server.port());

  client.request("POST", "/v1/threads/t2/sync",
                 R"({"changes":[{"type":"update_thread","title":"new"}]})", as_json);
  const object changed = frame_of(*feed.read_event());
  client.request("DELETE", "/v1/threads/t2");
  const object removed = frame_of(*feed.read_event());

  EXPECT_EQ(changed.at("thread").at("id"), "t2");
  EXPECT_EQ(changed.at("thread").at("title"), "new");
  EXPECT_EQ(removed.at("removed"), "t2");
  EXPECT_NE(changed.at("cursor"), removed.at("cursor"));
}

TEST_F(Streams, AStopTellsEveryStreamWhereItIs) {
  ASSERT_EQ(Client(server.port())
                .request("POST", "/v1/threads/t1/sync", start("r1", "here", "hi"), as_json)
                .status,
            200);
  Client stream(server.port());
  stream.send(request_text("POST", "/v1/threads/t1/sync", R"({"follow":"live"})", {}));
  stream.read_head();
  EXPECT_EQ(frame_of(*stream.read_event()).at("frame"), "diff");
  Client idle(server.port());
  EXPECT_EQ(idle.request("GET", "/healthz").status, 200);

  server.stop();

  const object interrupted = frame_of(*stream.read_event());
  const object end = frame_of(*stream.read_event());
  EXPECT_EQ(interrupted.at("events").at(0).at("status"), "interrupted");
  EXPECT_EQ(end.at("reason"), "shutdown");
  EXPECT_TRUE(std::string(end.at("cursor").as_string())
                  .starts_with(std::to_string(interrupted.at("ts").to_number<std::uint64_t>())));
  EXPECT_FALSE(stream.read_event().has_value());
  EXPECT_EQ(idle.read_to_end(), "");
  server.wait_for_stop();
}

}  // namespace
}  // namespace lockstep::test
