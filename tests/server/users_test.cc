// SPDX-License-Identifier: Apache-2.0
// The id of a thread belongs to its user, over HTTP and over a socket.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

using boost::json::object;

const std::string ada = "Authorization: Bearer alice\r\n";
const std::string bob = "Authorization: Bearer bob\r\n";
const std::string json = "Accept: application/json\r\n";
const std::string start_push = R"({"changes":[{"type":"start_run","run":"r1","agent":"push",)"
                               R"("input":[{"id":"u","text":"hi"}]}]})";
const std::string steps = R"({"steps":[{"seq":1,"type":"run_ended"}]})";

struct Asked {
  std::string method;
  std::string below;  // of the thread
  std::string body;
  std::string headers;
};

// All requests about a thread.
const std::vector<Asked> everything{
    {"GET", "", "", ""},
    {"GET", "?at=1", "", ""},
    {"HEAD", "", "", ""},
    {"OPTIONS", "", "", ""},
    {"PUT", "", "", ""},
    {"DELETE", "", "", ""},
    {"POST", "/sync", "{}", json},
    {"POST", "/sync", "{}", "Accept: text/event-stream\r\n"},
    {"POST", "/sync", "{}", "Accept: application/x-ndjson\r\n"},
    {"POST", "/sync", R"({"cursor":"1@0000000000abcdef"})", json},
    {"POST", "/sync", start_push, json},
    {"POST", "/sync", R"({"changes":[{"type":"stop_run","run":"r1"}],"follow":"run"})", json},
    {"GET", "/events", "", ""},
    {"GET", "/events?follow=none", "", "Accept: application/x-ndjson\r\n"},
    {"GET", "/events?after=1@0000000000abcdef", "", "Last-Event-ID: 1@0000000000abcdef\r\n"},
    {"GET", "/messages?before=u", "", ""},
    {"GET", "/runs/r1", "", ""},
    {"GET", "/runs/r1/context", "", ""},
    {"POST", "/runs/r1/steps?attempt=1", steps, ""},
    {"DELETE", "/runs/r1", "", ""},
};

struct Users : testing::Test {
  Reply ask(const std::string& who, const std::string& method, const std::string& target,
            const std::string& body = {}, const std::string& headers = {}) {
    Client client(server.port());
    client.send(request_text(method, target, body, who + headers));
    return client.read_reply(method != "HEAD");
  }
  // Status, headers and body, but for the time.
  std::string answer(const Asked& asked, const std::string& thread) {
    Reply reply = ask(bob, asked.method, thread + asked.below, asked.body, asked.headers);
    reply.headers.erase("date");
    std::string text = std::to_string(reply.status);
    for (const auto& [name, value] : reply.headers) text += "\n" + name + ": " + value;
    return text + "\n\n" + reply.body;
  }
  void start_runs_of_both() {
    ASSERT_EQ(ask(ada, "POST", "/v1/threads/tea/sync", start_push, json).status, 200);
    ASSERT_EQ(ask(bob, "POST", "/v1/threads/tea/sync", start_push, json).status, 200);
  }
  FrontFixture server{{}, two_users()};
};

TEST_F(Users, TwoMayHaveThreadsOfOneId) {
  start_runs_of_both();

  EXPECT_EQ(ask(ada, "POST", "/v1/threads/tea/runs/r1/steps?attempt=1", steps).status, 200);
  EXPECT_NE(ask(ada, "GET", "/v1/threads/tea/runs/r1").body.find("completed"), std::string::npos);
  EXPECT_NE(ask(bob, "GET", "/v1/threads/tea/runs/r1").body.find("running"), std::string::npos);

  EXPECT_EQ(ask(ada, "DELETE", "/v1/threads/tea").status, 204);
  EXPECT_EQ(ask(ada, "GET", "/v1/threads/tea").status, 410);
  EXPECT_EQ(ask(bob, "GET", "/v1/threads/tea").status, 200);
  EXPECT_EQ(ask(ada, "GET", "/v1/threads").body.find("tea"), std::string::npos);
  EXPECT_NE(ask(bob, "GET", "/v1/threads").body.find("tea"), std::string::npos);
}

TEST_F(Users, AnotherUsersThreadIsAnsweredLikeAMissingOne) {
  ASSERT_EQ(ask(ada, "POST", "/v1/threads/tea/sync", start_push, json).status, 200);

  for (const Asked& asked : everything) {
    SCOPED_TRACE(asked.method + " " + asked.below + " " + asked.body + " " + asked.headers);
    const std::string hers = answer(asked, "/v1/users/ada/threads/tea");
    EXPECT_EQ(hers, answer(asked, "/v1/users/ada/threads/never"));
    EXPECT_EQ(hers, answer(asked, "/v1/users/nobody/threads/tea"));
    const bool told_nothing = hers.starts_with("404") || hers.starts_with("405") ||
                              (asked.method == "OPTIONS" && hers.starts_with("204"));
    EXPECT_TRUE(told_nothing) << hers;
  }
  EXPECT_NE(ask(ada, "GET", "/v1/threads/tea").body.find("running"), std::string::npos);
}

TEST_F(Users, AThreadThatAnotherHasDeletedIsFree) {
  ASSERT_EQ(ask(ada, "POST", "/v1/threads/tea/sync", start_push, json).status, 200);
  ASSERT_EQ(ask(ada, "DELETE", "/v1/threads/tea").status, 204);

  EXPECT_EQ(ask(bob, "DELETE", "/v1/threads/tea").status, 404);
  EXPECT_EQ(ask(bob, "POST", "/v1/threads/tea/sync", start_push, json).status, 200);
  EXPECT_EQ(ask(ada, "POST", "/v1/threads/tea/sync", start_push, json).status, 410);
}

TEST_F(Users, OnesOwnNameInAPathIsOnesOwnThread) {
  start_runs_of_both();

  const std::string own = ask(ada, "GET", "/v1/threads/tea").body;
  EXPECT_EQ(ask(ada, "GET", "/v1/users/ada/threads/tea").body, own);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/%61da/threads/tea").body, own);
  EXPECT_EQ(ask(ada, "POST", "/v1/users/ada/threads/tea/runs/r1/steps?attempt=1", steps).status,
            200);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/ada/threads/tea/runs/r1/context").status, 200);
  EXPECT_EQ(ask(ada, "DELETE", "/v1/users/ada/threads/tea").status, 204);
  EXPECT_EQ(ask(bob, "GET", "/v1/threads/tea").status, 200);
}

TEST_F(Users, APathThatNamesNoUserOrNoThreadIsRefused) {
  EXPECT_EQ(ask(ada, "GET", "/v1/users/ada/threads").status, 404);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/ada/feed").status, 404);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/ada").status, 404);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/a%20b/threads/tea").status, 422);
  EXPECT_EQ(ask(ada, "GET", "/v1/users/a%2Fb/threads/tea").status, 422);
  EXPECT_NE(ask(ada, "GET", "/v1/users//threads/tea").status, 200);
  EXPECT_EQ(ask("", "GET", "/v1/users/ada/threads/tea").status, 401);
}

struct UsersSocket : Users {
  UsersSocket() {
    client.upgrade(bob);
    start_runs_of_both();
  }
  std::string said(const std::string& text) {
    client.send_text(text);
    return client.read_frame().payload;
  }
  static std::string sync(const std::string& thread, const std::string& rest = "") {
    return R"({"sync":{"id":"s","thread":")" + thread + R"(","follow":"none")" + rest + "}}";
  }
  static std::string write(const std::string& thread, const std::string& rest = "") {
    return R"({"steps":{"id":"p","thread":")" + thread + R"(","run":"r1","attempt":1,)" + rest +
           R"("steps":[{"seq":1,"type":"run_ended"}]}})";
  }
  Client client{server.port()};
};

TEST_F(UsersSocket, AnotherUsersThreadIsAnsweredLikeAMissingOne) {
  const std::string of_ada = R"(,"user":"ada")";
  const std::string changes = R"(,"changes":[{"type":"stop_run","run":"r1"}])" + of_ada;
  const std::string cursor = R"(,"cursor":"1@0000000000abcdef")" + of_ada;
  const std::string unknown = said(sync("never", of_ada));

  EXPECT_NE(unknown.find("unknown_thread"), std::string::npos) << unknown;
  EXPECT_EQ(said(sync("tea", of_ada)), unknown);
  EXPECT_EQ(said(sync("tea", cursor)), unknown);
  EXPECT_EQ(said(sync("tea", changes)), unknown);
  EXPECT_EQ(said(write("tea", R"("user":"ada",)")), said(write("never", R"("user":"ada",)")));
  EXPECT_NE(ask(ada, "GET", "/v1/threads/tea").body.find("running"), std::string::npos);
}

TEST_F(UsersSocket, OnesOwnNameIsOnesOwnThread) {
  const object reply = boost::json::parse(said(sync("tea", R"(,"user":"bob")"))).as_object();
  EXPECT_EQ(reply.at("frame"), "diff");
  EXPECT_EQ(reply.at("thread").at("id"), "tea");
  client.read_frame();  // its end

  EXPECT_NE(said(write("tea", R"("user":"bob",)")).find("steps"), std::string::npos);
  EXPECT_NE(ask(bob, "GET", "/v1/threads/tea/runs/r1").body.find("completed"), std::string::npos);
  EXPECT_NE(ask(ada, "GET", "/v1/threads/tea/runs/r1").body.find("running"), std::string::npos);
}

TEST_F(UsersSocket, AFeedTellsOfOnesOwnThreadsAlone) {
  client.send_text(R"({"feed":{"id":"f"}})");
  ASSERT_EQ(ask(ada, "POST", "/v1/threads/more/sync", start_push, json).status, 200);
  ASSERT_EQ(ask(bob, "POST", "/v1/threads/mine/sync", start_push, json).status, 200);

  const std::string frame = client.read_frame().payload;
  EXPECT_NE(frame.find(R"("id":"mine")"), std::string::npos) << frame;
  EXPECT_EQ(frame.find(R"("user")"), std::string::npos) << frame;
}

}  // namespace
}  // namespace lockstep::test
