// SPDX-License-Identifier: Apache-2.0
// The memory that fronts can make the server hold is bounded, also if they read or send slowly or
// ask for much.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <vector>

#include "engine/base/limits.h"
#include "server/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::string_view as_json = "Accept: application/json\r\n";

std::string put_of(const std::string& id, std::size_t bytes) {
  return R"({"window":1,"changes":[{"type":"put_message","message":{"id":")" + id +
         R"(","text":")" + std::string(bytes, 'x') + R"("}}]})";
}

std::string unfinished_post(std::size_t length, std::size_t sent) {
  return "POST /v1/threads/t/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(length) + "\r\n\r\n" + std::string(sent, ' ');
}

class MemoryOfFronts : public testing::Test {
 protected:
  void make_thread(const std::string& id, std::size_t messages, std::size_t bytes) {
    Client client(server.port());
    for (std::size_t at = 0; at < messages; ++at) {
      const std::string body = put_of("m" + std::to_string(at), bytes);
      ASSERT_EQ(client.request("POST", "/v1/threads/" + id + "/sync", body, as_json).status, 200);
    }
  }
  // When this returns the server has read all that was sent before.
  void catch_up() { ASSERT_EQ(Client(server.port()).request("GET", "/healthz").status, 200); }
  // A followed thread can't be evicted; the bound is then set to its size.
  void use_all_memory(Client& follower) {
    make_thread("big", 4, mib / 2);
    follower.send(request_text("GET", "/v1/threads/big/events", {}, {}));
    follower.read_head();  // it is in use now
    catch_up();
    server.set_memory(server.held(MemoryKind::states));
  }

  FrontFixture server;
};

// --- Answers -------------------------------------------------------------------------------------

TEST_F(MemoryOfFronts, ALongAnswerComesInChunksAndIsWholeAndTheConnectionLivesOn) {
  make_thread("t", 8, mib / 2);
  Client client(server.port());

  client.send(request_text("GET", "/v1/threads/t", {}, {}));
  const Reply head = client.read_head();
  const std::string body = client.read_chunks();

  EXPECT_EQ(head.headers.at("transfer-encoding"), "chunked");
  EXPECT_FALSE(head.headers.contains("content-length"));
  const auto thread = boost::json::parse(body).as_object();
  ASSERT_EQ(thread.at("messages").as_array().size(), 8U);
  EXPECT_EQ(thread.at("messages").at(7).at("parts").at(0).at("text").as_string().size(), mib / 2);
  EXPECT_EQ(thread.at("thread").at("id"), "t");
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(MemoryOfFronts, ALongDiffInJsonIsTheSameObjectAsAShortOne) {
  make_thread("t", 5, mib / 2);
  Client client(server.port());

  client.send(request_text("POST", "/v1/threads/t/sync", "{}", as_json));
  EXPECT_EQ(client.read_head().headers.at("transfer-encoding"), "chunked");
  const auto diff = boost::json::parse(client.read_chunks()).as_object();

  EXPECT_EQ(diff.at("frame"), "diff");
  EXPECT_EQ(diff.at("messages").as_array().size(), 5U);
  for (const char* name : {"cursor", "from", "thread", "removed", "runs", "outcomes", "digest"}) {
    EXPECT_TRUE(diff.contains(name)) << name;
  }
}

TEST_F(MemoryOfFronts, AMessageLongerThanAWriteIsGivenInPieces) {
  make_thread("t", 1, 3 * mib);
  Client client(server.port());

  client.send(request_text("GET", "/v1/threads/t", {}, {}));
  client.read_head();
  const auto thread = boost::json::parse(client.read_chunks()).as_object();

  const std::string text =
      thread.at("messages").at(0).at("parts").at(0).at("text").as_string().c_str();
  EXPECT_EQ(text, std::string(3 * mib, 'x'));
}

TEST_F(MemoryOfFronts, OverHttp10ALongAnswerEndsWithTheConnection) {
  make_thread("t", 4, mib / 2);
  Client client(server.port());

  client.send("GET /v1/threads/t HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Reply head = client.read_head();
  const auto thread = boost::json::parse(client.read_to_end()).as_object();

  EXPECT_FALSE(head.headers.contains("transfer-encoding"));
  EXPECT_EQ(thread.at("messages").as_array().size(), 4U);
}

TEST_F(MemoryOfFronts, AHeadRequestGetsOnlyTheHeadOfALongAnswer) {
  make_thread("t", 4, mib / 2);
  Client client(server.port());

  const Reply reply = client.request("HEAD", "/v1/threads/t");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(MemoryOfFronts, AReaderThatDoesNotReadCostsOneWriteInEveryForm) {
  make_thread("t", 24, mib / 2);
  const std::size_t states = server.held(MemoryKind::states);
  const std::vector<std::string> asked = {
      request_text("GET", "/v1/threads/t", {}, {}),
      request_text("GET", "/v1/threads/t/messages?before=m23", {}, {}),
      request_text("POST", "/v1/threads/t/sync", "{}", as_json),
      request_text("POST", "/v1/threads/t/sync", "{}", "Accept: text/event-stream\r\n"),
      request_text("POST", "/v1/threads/t/sync", "{}", "Accept: application/x-ndjson\r\n"),
      request_text("GET", "/v1/threads/t/events", {}, {})};

  std::vector<std::unique_ptr<Client>> readers;
  constexpr int small_buffer = 4096;
  for (const std::string& request : asked) {
    readers.push_back(std::make_unique<Client>(server.port(), small_buffer));
    readers.back()->send(request);
    readers.back()->read_head();
  }
  catch_up();

  // A write, a frame that is a message longer, and pointers.
  EXPECT_LT(server.held(MemoryKind::answers), readers.size() * 2 * mib);
  EXPECT_EQ(server.held(MemoryKind::states), states);
}

// --- Bodies --------------------------------------------------------------------------------------

TEST_F(MemoryOfFronts, ABodyThatWaitsToBeReadIsChargedAlsoWhenItsConnectionIsGone) {
  const std::string body = put_of("m", 4 * limits::turn_bytes_max);
  server.hold_background();
  {
    Client client(server.port());
    client.send(request_text("POST", "/v1/threads/t/sync", body, as_json));
    for (int look = 0; server.held(MemoryKind::bodies) < body.size(); ++look) {
      ASSERT_LT(look, 100'000);
      catch_up();
    }
  }
  for (int look = 0; server.counts().connections > 0 && look < 1000; ++look) catch_up();

  EXPECT_GE(server.held(MemoryKind::bodies), body.size());

  server.let_background_go();
  for (int look = 0; server.held(MemoryKind::bodies) > 0; ++look) {
    ASSERT_LT(look, 100'000);
    catch_up();
  }
}

TEST_F(MemoryOfFronts, BodiesThatDoNotEndHaveATotalAndShortRequestsAreReadAllTheSame) {
  server.set_memory(4 * mib);
  Client slow(server.port());
  slow.send(unfinished_post(900 * kib, 800 * kib));
  // The server reads it in several turns, between which others are answered.
  for (int look = 0; server.held(MemoryKind::bodies) < 700 * kib; ++look) {
    ASSERT_LT(look, 10'000);
    catch_up();
  }

  Client other(server.port());
  other.send(unfinished_post(500 * kib, 400 * kib));
  const Reply refused = other.read_reply();

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_NE(refused.body.find(R"("code":"overloaded")"), std::string::npos);
  Client small(server.port());
  EXPECT_EQ(small.request("POST", "/v1/threads/t/sync", put_of("m", 1000), as_json).status, 200);
}

TEST_F(MemoryOfFronts, ABodyThatWasGivenUpGivesItsMemoryBack) {
  Client slow(server.port());
  slow.send(unfinished_post(900 * kib, 800 * kib));
  catch_up();

  server.pass(static_cast<int>(limits::body_time_max.count()) + 1);

  EXPECT_EQ(slow.read_reply().status, 408);
  EXPECT_EQ(server.held(MemoryKind::bodies), 0U);
}

TEST_F(MemoryOfFronts, ASocketMessageWithoutMemoryIsClosedToBeTriedAgain) {
  server.set_memory(4 * mib);
  Client socket(server.port());
  ASSERT_EQ(socket.upgrade().status, 101);

  socket.send_frame(0x01, std::string(mib + kib, 'x'));  // a first fragment

  const Client::Frame frame = socket.read_frame();
  EXPECT_EQ(frame.opcode, 8U);
  EXPECT_EQ(frame.payload.substr(0, 2), "\x03\xf5");  // 1013
  catch_up();
  EXPECT_EQ(server.held(MemoryKind::bodies), 0U);
}

TEST_F(MemoryOfFronts, ASocketMessageThatDoesNotEndIsNotWaitedFor) {
  Client socket(server.port());
  ASSERT_EQ(socket.upgrade().status, 101);
  socket.send_frame(0x01, "{");
  socket.send_frame(0x89, {});  // a ping in the middle
  EXPECT_EQ(socket.read_frame().opcode, 10U);

  server.pass(static_cast<int>(limits::body_time_max.count()) + 1);

  Client::Frame frame = socket.read_frame();
  while (frame.opcode == 9U) frame = socket.read_frame();
  EXPECT_EQ(frame.opcode, 8U);
  EXPECT_EQ(frame.payload.substr(0, 2), "\x03\xf0");  // 1008
}

// --- Work ----------------------------------------------------------------------------------------

TEST_F(MemoryOfFronts, AnAppliedChangeIsToldThoughAllMemoryIsInUse) {
  Client follower(server.port());
  use_all_memory(follower);
  Client client(server.port());

  const Reply moved = client.request("POST", "/v1/threads/big/sync",
                                     R"({"changes":[{"type":"move_head","head":null}]})", as_json);

  EXPECT_EQ(moved.status, 200) << moved.body;
  EXPECT_NE(moved.body.find(R"("outcome":"applied")"), std::string::npos) << moved.body;
}

TEST_F(MemoryOfFronts, ARequestIsOverloadedWhileAllIsInUseAndTheNextGoesThroughOnceItIsFree) {
  Client follower(server.port());
  use_all_memory(follower);
  Client client(server.port());
  const std::string put = put_of("m", 10 * kib);

  const Reply refused = client.request("POST", "/v1/threads/t/sync", put, as_json);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_NE(refused.body.find(R"("code":"overloaded")"), std::string::npos);
  EXPECT_NE(client.request("GET", "/metrics")
                .body.find(R"(lockstep_memory_refused_total{kind="steps"} 1)"),
            std::string::npos);

  EXPECT_EQ(client.request("DELETE", "/v1/threads/big").status, 204);
  server.set_memory(2 * mib);
  EXPECT_EQ(client.request("POST", "/v1/threads/t/sync", put, as_json).status, 200);
}

TEST_F(MemoryOfFronts, WithAllConnectionsGoneNothingIsHeldForFronts) {
  make_thread("t", 8, mib / 2);
  {
    Client reader(server.port(), 4096);
    reader.send(request_text("GET", "/v1/threads/t", {}, {}));
    reader.read_head();
    Client stream(server.port());
    stream.send(request_text("GET", "/v1/threads/t/events", {}, {}));
    stream.read_head();
    EXPECT_GT(server.held(MemoryKind::followers), 0U);
  }
  server.cut_all();

  EXPECT_EQ(server.held(MemoryKind::answers), 0U);
  EXPECT_EQ(server.held(MemoryKind::followers), 0U);
  EXPECT_EQ(server.held(MemoryKind::bodies), 0U);
  EXPECT_EQ(server.held(MemoryKind::tails), 0U);
}

}  // namespace
}  // namespace lockstep::test
