// SPDX-License-Identifier: Apache-2.0
// If a token is revoked while its request is still being read, the request has no effect.
#include <gtest/gtest.h>

#include "server/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

const std::string bobs_lines =
    "[tokens.b]\nuser = \"bob\"\nsha256 = "
    "\"81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9\"\n";
const std::string adas_lines =
    "[tokens.a]\nuser = \"ada\"\nsha256 = "
    "\"2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90\"\n";
const std::string ada = "Authorization: Bearer alice\r\n";
const std::string as_json = "Accept: application/json\r\n";

Auth only_bob() { return Auth::parse(bobs_lines, "tokens").value(); }
Auth ada_and_bob() { return Auth::parse(adas_lines + bobs_lines, "tokens").value(); }

// Too much for a turn of the strand, so the background thread reads it.
const std::string long_text(4 * limits::turn_bytes_max, 'x');
const std::string large_put =
    R"({"changes":[{"type":"put_message","message":{"id":"late","text":")" + long_text + R"("}}]})";

class Revoked : public testing::Test {
 protected:
  // When this returns the body is whole, and waits for the thread that reads it.
  void wait_for_body(std::size_t bytes) {
    for (int look = 0; server.held(MemoryKind::bodies) < bytes; ++look) ASSERT_LT(look, 100'000);
    ASSERT_EQ(Client(server.port()).request("GET", "/healthz").status, 200);
  }
  // Ada's thread, read with a new token.
  Reply thread_of_ada() {
    server.change_tokens(ada_and_bob());
    return Client(server.port()).request("GET", "/v1/threads/t", {}, ada);
  }

  FrontFixture server{{}, ada_and_bob()};
};

TEST_F(Revoked, ATokenThatIsRevokedWhileItsLargeBodyIsReadChangesNothing) {
  server.hold_background();
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t/sync", large_put, ada + as_json));
  wait_for_body(large_put.size());

  server.change_tokens(only_bob());
  server.let_background_go();

  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.body.find(R"("code":"unauthorized")"), std::string::npos) << reply.body;
  EXPECT_EQ(thread_of_ada().status, 404);
}

TEST_F(Revoked, ATokenThatIsRevokedWhileItsStepsAreReadWritesNone) {
  const std::string start = R"({"changes":[{"type":"start_run","run":"r1","agent":"push",)"
                            R"("input":[{"id":"u","text":"hi"}]}]})";
  const std::string steps =
      R"({"steps":[{"seq":1,"type":"message_created","message":{"id":"late"}},)"
      R"({"seq":2,"type":"content_appended","message":"late","text":")" +
      long_text + R"("}]})";
  Client client(server.port());
  ASSERT_EQ(client.request("POST", "/v1/threads/t/sync", start, ada + as_json).status, 200);
  server.hold_background();
  client.send(request_text("POST", "/v1/threads/t/runs/r1/steps?attempt=1", steps, ada));
  wait_for_body(steps.size());

  server.change_tokens(only_bob());
  server.let_background_go();

  EXPECT_EQ(client.read_reply().status, 401);
  EXPECT_EQ(thread_of_ada().body.find(R"("late")"), std::string::npos);
}

TEST_F(Revoked, ATokenThatIsRevokedWhileItsLargeSocketMessageIsReadChangesNothing) {
  server.hold_background();
  Client client(server.port());
  ASSERT_EQ(client.upgrade(ada).status, 101);
  client.send_text(R"({"sync":{"id":"a","thread":"t","follow":"none",)" + large_put.substr(1) +
                   "}");
  wait_for_body(large_put.size());

  server.change_tokens(only_bob());
  server.let_background_go();

  constexpr unsigned close = 8;
  EXPECT_EQ(client.read_frame().opcode, close);
  EXPECT_EQ(thread_of_ada().status, 404);
}

TEST_F(Revoked, AStreamDoesNotBeginWithATokenThatIsRevokedWhileItsChangesAreMadeDurable) {
  server.hold_background();
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/t/sync",
                           large_put.substr(0, large_put.size() - 1) + R"(,"follow":"live"})",
                           ada));
  wait_for_body(large_put.size());
  // The body is read, and its long entry must be written there.
  server.hold_background();
  server.let_background_go();

  server.change_tokens(only_bob());
  server.let_background_go();

  EXPECT_EQ(client.read_reply().status, 401);
  EXPECT_EQ(thread_of_ada().status, 200) << "what was taken stays";
}

TEST_F(Revoked, ABodyOfAnotherUserThatWaitsMeanwhileIsTaken) {
  server.hold_background();
  Client client(server.port());
  const std::string bob = "Authorization: Bearer bob\r\n";
  client.send(request_text("POST", "/v1/threads/t/sync", large_put, bob + as_json));
  wait_for_body(large_put.size());

  server.change_tokens(only_bob());
  server.let_background_go();

  EXPECT_EQ(client.read_reply().status, 200);
}

}  // namespace
}  // namespace lockstep::test
