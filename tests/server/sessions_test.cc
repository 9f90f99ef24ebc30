// SPDX-License-Identifier: Apache-2.0
// Requests that wait on a connection until the engine answers; the test decides when it does.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "server/front/json_wait.h"
#include "server/front/ws_session.h"
#include "server/server.h"
#include "tests/server/client.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct QuietTransport : Transport {
  void wake() override {}
  void finish() override { finished = true; }
  void read(bool) override {}
  [[nodiscard]] const std::string& address() const override { return from; }
  [[nodiscard]] Tick now() const override { return Tick(1); }

  std::string from = "127.0.0.1";
  bool finished = false;
};

struct Sessions : testing::Test, EngineFixture {
  // As a front sends it: masked, here with zeros.
  static std::string text_frame(std::string_view text) {
    std::string frame("\x81\xfe", 2);
    frame += static_cast<char>(text.size() >> 8);
    frame += static_cast<char>(text.size() & 0xff);
    frame += std::string(4, '\0');
    return frame.append(text);
  }
  template <class Session>
  static std::string filled(Session& session) {
    std::string out;
    session.fill(out);
    return out;
  }

  Auth auth;
  boost::asio::io_context context;
  Background background{context};
  Front front{.engine = *engine,
              .auth = auth,
              .metrics = metrics,
              .random = random,
              .background = background,
              .rules = {},
              .find_agent = {},
              .page = {},
              .counts = {},
              .memory = &account,
              .date = {},
              .time = {},
              .stopping = false};
};

TEST_F(Sessions, ASocketSaysNoGoodByeBeforeItsTakenRequestsAreAnswered) {
  StartRun outside = ask("r1", "u1", "hello");
  outside.agent = AgentName("push");
  ASSERT_TRUE(sync({change_of(outside)}));
  ASSERT_TRUE(write(batch("r1", {opened(1, "a1")})));
  QuietTransport transport;
  WsSession socket(transport, front, {user, {}});
  socket.received(
      text_frame(R"({"steps":{"id":"s","thread":"t1","run":"r1","attempt":1,"steps":[)"
                 R"({"seq":2,"type":"content_appended","message":"a1","text":"x"}]}})"));

  socket.shut_down();
  const std::string before = filled(socket);
  executor.run();
  const std::string after = filled(socket);

  EXPECT_EQ(before, "") << "its writer would not know whether the step was taken";
  EXPECT_NE(after.find(R"("frame":"steps")"), std::string::npos);
  EXPECT_NE(filled(socket).find("going away"), std::string::npos);
}

TEST_F(Sessions, AJsonAnswerThatIsFarBehindItsRunComesAtTheRunsEnd) {
  start_streaming();
  SyncReply reply = synced({});
  ASSERT_EQ(reply.awaited, std::vector{rid("r1")});
  JsonWait wait(front, request({}, reply.cursor), std::move(reply));
  std::uint64_t seq = 1;
  // More than is kept for followers, and than one read brings.
  const std::string text(limits::tail_bytes_max / limits::read_entries_max, 'x');
  for (std::uint32_t entry = 0; entry < limits::read_entries_max + 10; ++entry) {
    ASSERT_TRUE(write(batch("r1", {token(++seq, "a1", text)})));
  }
  ASSERT_TRUE(write(batch("r1", {run_over(++seq)})));

  std::string out;
  EXPECT_EQ(wait.fill(out, limits::write_bytes_max), Stream::Filled::waiting);
  executor.run();
  auto filled = Stream::Filled::more;
  while (filled == Stream::Filled::more) filled = wait.fill(out, limits::write_bytes_max);

  EXPECT_EQ(filled, Stream::Filled::finished);
  EXPECT_TRUE(out.contains(R"("status":"completed")"));
}

TEST_F(Sessions, AServerThatStopsTakesNoConnectionThatCameTogetherWithAnother) {
  LineLog lines(LineLog::Level::error, LineLog::Style::text);
  auto opened = Server::open({.context = context,
                              .engine = *engine,
                              .auth = auth,
                              .metrics = metrics,
                              .random = random,
                              .background = background,
                              .log = lines,
                              .find_agent = {}},
                             {});
  ASSERT_TRUE(opened.has_value());
  Server& server = **opened;
  const Client one(server.port());
  const Client other(server.port());
  context.poll_one();  // takes the first, and finds the second waiting
  ASSERT_EQ(server.counts().connections_total, 1U);

  server.stop([] {});
  context.poll();

  EXPECT_EQ(server.counts().connections_total, 1U);
}

}  // namespace
}  // namespace lockstep::test
