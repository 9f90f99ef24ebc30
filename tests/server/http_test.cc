// SPDX-License-Identifier: Apache-2.0
// Good and bad requests: each gets its named answer, and the server keeps working.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/base/limits.h"
#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

std::string code_of(const Reply& reply) {
  const auto value = boost::json::parse(reply.body);
  return std::string(value.as_object().at("code").as_string());
}
std::string path_of(const Reply& reply) {
  const auto value = boost::json::parse(reply.body);
  const auto* path = value.as_object().if_contains("path");
  return path == nullptr ? std::string() : std::string(path->as_string());
}

constexpr std::string_view as_json = "Accept: application/json\r\n";
// A thread with a run `r1` that is the caller's to write.
constexpr std::string_view start_r1 =
    R"({"device":"d","changes":[{"type":"start_run","op":1,"run":"r1",)"
    R"("input":[{"id":"u1","text":"hello"}]}]})";

class Http : public testing::Test {
 protected:
  void start_run() {
    Client client(server.port());
    ASSERT_EQ(client.request("POST", "/v1/threads/t1/sync", start_r1, as_json).status, 200);
  }
  FrontFixture server;
};

struct Wrong {
  std::string method;
  std::string target;
  std::string body;
  std::string headers;
  int status;
  std::string code;
  std::string path;
};

TEST_F(Http, EveryMalformedRequestGetsItsNamedErrorAndTheConnectionGoesOn) {
  start_run();
  const std::string sync = "/v1/threads/t1/sync";
  const std::string steps = "/v1/threads/t1/runs/r1/steps";
  const std::string step = R"({"steps":[{"seq":1,"type":"message_created","message":{"id":"a"}}]})";
  const std::vector<Wrong> table{
      {"POST", sync, "{", "", 400, "malformed", ""},
      {"POST", sync, "{\"device\":\"\xff\"}", "", 400, "invalid_utf8", ""},
      {"POST", sync, R"({"device":"\ud800"})", "", 400, "lone_surrogate", ""},
      {"POST", sync, R"({"cursor":7})", "", 422, "invalid", "cursor"},
      {"POST", sync, R"({"colour":7})", "", 422, "unknown_field", "colour"},
      {"POST", sync, R"({"changes":[{"type":"move_head","head":"a b"}]})", "", 422, "invalid",
       "changes[0].head"},
      {"POST", sync, R"({"cursor":"5@0000000000000bad"})", "", 409, "unknown_history", ""},
      {"POST", sync, R"({"cursor":"99999999999@0000000000abcdef"})", "", 409, "unknown_history",
       ""},
      {"POST", "/v1/threads/none/sync", "{}", "", 404, "unknown_thread", ""},
      {"POST", "/v1/threads/none/sync", R"({"cursor":"5@0000000000abcdef"})", "", 409,
       "unknown_history", ""},
      {"POST", "/v1/threads/a%20b/sync", "{}", "", 422, "invalid", "thread"},
      {"POST", sync + "?x=1", "{}", "", 422, "unknown_field", "?x"},
      {"POST", sync, R"({"follow":"live"})", std::string(as_json), 422, "invalid", "follow"},
      {"POST", sync, "{}", "Accept: text/html\r\n", 406, "not_acceptable", ""},
      {"POST", sync, "{}", "Content-Type: text/plain\r\n", 415, "unsupported_media_type", ""},
      {"POST", sync, "{}", "Last-Event-ID: x\r\n", 422, "invalid", "Last-Event-ID"},
      {"POST", sync, "{}", "Expect: magic\r\n", 417, "expectation_failed", ""},
      {"POST", sync, "{}", "Origin: https://evil.example\r\n", 403, "forbidden_origin", ""},
      {"POST", sync, "{}", "Origin: null\r\n", 403, "forbidden_origin", ""},
      {"GET", "/nowhere", "", "", 404, "not_found", ""},
      {"PUT", "/v1/threads/t1", "{}", "", 405, "method_not_allowed", ""},
      {"GET", "/v1/threads/none", "", "", 404, "unknown_thread", ""},
      {"GET", "/v1/threads/t1?at=x", "", "", 422, "invalid", "?at"},
      {"GET", "/v1/threads/t1/messages", "", "", 422, "invalid", "?before"},
      {"GET", "/v1/threads/t1/messages?before=zz", "", "", 404, "unknown_message", ""},
      {"GET", "/v1/threads/t1/runs/zz", "", "", 404, "unknown_run", ""},
      {"GET", "/v1/threads/t1/events?after=5", "", "", 422, "invalid", "?after"},
      {"GET", "/v1/threads/t1/events?follow=x", "", "", 422, "invalid", "?follow"},
      {"GET", "/v1/threads/t1/events?after=5@0000000000000bad", "", "", 409, "unknown_history", ""},
      {"GET", "/v1/threads?limit=5&limit=6", "", "", 422, "invalid", "?limit"},
      {"GET", "/v1/threads?limit=0", "", "", 422, "invalid", "?limit"},
      {"GET", "/v1/threads/t1/messages?before=zz&limit=0", "", "", 422, "invalid", "?limit"},
      {"GET", "/v1/socket", "", "", 426, "upgrade_required", ""},
      {"POST", steps, step, "", 422, "invalid", "?attempt"},
      {"POST", "/v1/threads/t1/runs/zz/steps?attempt=1", step, "", 404, "unknown_run", ""},
      {"POST", steps + "?attempt=1", R"({"steps":[{"seq":5,"type":"run_ended"}]})", "", 409, "gap",
       ""},
      {"DELETE", "/v1/threads/none", "", "", 404, "unknown_thread", ""},
  };
  Client client(server.port());

  for (const Wrong& wrong : table) {
    const Reply reply = client.request(wrong.method, wrong.target, wrong.body, wrong.headers);

    EXPECT_EQ(reply.status, wrong.status)
        << wrong.method << ' ' << wrong.target << ' ' << wrong.body << reply.body;
    EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
    EXPECT_EQ(code_of(reply), wrong.code) << reply.body;
    EXPECT_EQ(path_of(reply), wrong.path) << reply.body;
  }
  EXPECT_EQ(client.request("GET", "/v1/threads/t1").status, 200);
}

TEST_F(Http, StepsForARunThatWasStoppedAreToldSo) {
  start_run();
  Client client(server.port());
  const std::string steps = "/v1/threads/t1/runs/r1/steps?attempt=1";
  client.request("POST", steps,
                 R"({"steps":[{"seq":1,"type":"message_created","message":{"id":"a"}}]})");
  client.request("POST", "/v1/threads/t1/sync", R"({"changes":[{"type":"stop_run","run":"r1"}]})",
                 as_json);

  const Reply reply = client.request(
      "POST", steps, R"({"steps":[{"seq":2,"type":"content_appended","message":"a","text":"x"}]})");

  EXPECT_EQ(reply.status, 409);
  const auto value = boost::json::parse(reply.body).as_object();
  EXPECT_EQ(value.at("code"), "ended");
  EXPECT_EQ(value.at("run_status"), "stopped");
  EXPECT_EQ(value.at("seq"), 1);
  EXPECT_TRUE(value.contains("cursor"));
}

TEST_F(Http, AnOpWithOtherContentIsAnOutcomeAndNotAnError) {
  start_run();
  Client client(server.port());

  const Reply again = client.request("POST", "/v1/threads/t1/sync", start_r1, as_json);
  const Reply other = client.request(
      "POST", "/v1/threads/t1/sync",
      R"({"device":"d","changes":[{"type":"update_thread","op":1,"title":"x"}]})", as_json);

  const auto first = boost::json::parse(again.body).at("outcomes").at(0).as_object();
  EXPECT_EQ(first.at("outcome"), "applied");
  EXPECT_EQ(first.at("duplicate"), true);
  const auto second = boost::json::parse(other.body).at("outcomes").at(0).as_object();
  EXPECT_EQ(second.at("outcome"), "refused");
  EXPECT_EQ(second.at("code"), "op_reused");
}

TEST_F(Http, AForeignParentIsRefusedAndTheThreadStaysAsItWas) {
  start_run();
  Client client(server.port());

  const Reply reply = client.request(
      "POST", "/v1/threads/t1/sync",
      R"({"changes":[{"type":"put_message","message":{"id":"x","text":"a"},"parent":"nowhere"}]})",
      as_json);

  const auto outcome = boost::json::parse(reply.body).at("outcomes").at(0).as_object();
  EXPECT_EQ(outcome.at("outcome"), "refused");
  EXPECT_EQ(outcome.at("code"), "unknown_message");
}

TEST_F(Http, ABodyThatIsTooLargeIsRefusedBeforeItIsSent) {
  Client client(server.port());
  client.send(
      "POST /v1/threads/t1/sync HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: " +
      std::to_string(limits::body_bytes_max + 1) + "\r\n\r\n");

  const Reply reply = client.read_reply();

  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(code_of(reply), "too_large");
  EXPECT_EQ(reply.headers.at("connection"), "close");
}

TEST_F(Http, BehindAStepThatIsTooLargeToBeReadTheLaterOnesAreTooLargeAndNoGap) {
  start_run();
  const std::string steps = "/v1/threads/t1/runs/r1/steps?attempt=1";
  const auto says = [](int seq, const std::string& text) {
    return R"({"steps":[{"seq":)" + std::to_string(seq) +
           R"(,"type":"content_appended","message":"a","text":")" + text + R"("}]})";
  };
  Client client(server.port());
  client.request("POST", steps,
                 R"({"steps":[{"seq":1,"type":"message_created","message":{"id":"a"}}]})");
  int next = 2;
  // Of the two bounds on the way, the reader's and that of a body.
  for (const std::size_t size : {limits::message_bytes_max + 1, limits::body_bytes_max + 1}) {
    Client writer(server.port());
    const Reply large = writer.request("POST", steps, says(next, std::string(size, 'x')));
    const Reply later = client.request("POST", steps, says(next + 1, "y"));
    const Reply instead = client.request("POST", steps, says(next, "less"));
    const Reply hole = client.request("POST", steps, says(next + 2, "y"));

    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(code_of(large), "too_large");
    EXPECT_EQ(later.status, 413);
    EXPECT_EQ(code_of(later), "too_large") << size;
    EXPECT_EQ(boost::json::parse(later.body).at("expected"), next);
    EXPECT_EQ(instead.status, 200);
    EXPECT_EQ(code_of(hole), "gap");
    ++next;
  }
}

TEST_F(Http, ANonsensicalRequestEndsTheConnectionAndNothingElse) {
  for (const std::string text :
       {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /v1/threads/a%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"}) {
    Client client(server.port());
    client.send(text);

    const Reply reply = client.read_reply();

    EXPECT_EQ(reply.status, 400) << text;
    EXPECT_EQ(code_of(reply), "malformed");
  }
  EXPECT_EQ(Client(server.port()).request("GET", "/healthz").status, 200);
}

TEST_F(Http, AHeaderThatIsTooLongIsRefused) {
  Client client(server.port());

  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'x'));
  const Reply reply = client.read_reply();

  EXPECT_EQ(reply.status, 431);
  EXPECT_EQ(code_of(reply), "header_too_large");
}

TEST_F(Http, AHostOfAnotherNameIsRefusedOnLoopback) {
  Client client(server.port());
  client.send("GET /v1/threads HTTP/1.1\r\nHost: evil.example\r\n\r\n");

  const Reply reply = client.read_reply();

  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(code_of(reply), "forbidden_host");
}

TEST_F(Http, ItsOwnOriginIsAllowed) {
  Client client(server.port());

  const Reply reply = client.request("GET", "/v1/threads", {}, "Origin: http://localhost\r\n");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("access-control-allow-origin"), "http://localhost");
}

TEST_F(Http, RequestsInOneGoAreAnsweredInOrder) {
  Client client(server.port());
  std::string all;
  for (int at = 0; at < 20; ++at) all += request_text("GET", "/healthz", {}, {});
  all += request_text("GET", "/readyz", {}, {});

  client.send(all);

  for (int at = 0; at < 20; ++at) EXPECT_EQ(client.read_reply().body, "ok\n");
  EXPECT_EQ(client.read_reply().body, "ready\n");
}

TEST_F(Http, ARequestSentBeforeAnAnswerIsReadAfterIt) {
  Client client(server.port());
  const std::string title = R"({"changes":[{"type":"update_thread","title":"x"}]})";

  client.send(request_text("POST", "/v1/threads/p/sync", title, as_json) +
              request_text("GET", "/v1/threads/p", {}, {}) +
              request_text("GET", "/healthz", {}, {}));

  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_NE(client.read_reply().body.find("\"title\":\"x\""), std::string::npos);
  EXPECT_EQ(client.read_reply().body, "ok\n");
}

TEST_F(Http, AClientThatHalfClosesStillGetsItsAnswer) {
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/h/sync",
                           R"({"changes":[{"type":"update_thread","title":"x"}]})", as_json));
  client.half_close();

  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(Http, ARequestMayComeByteByByte) {
  Client client(server.port());

  for (const char c :
       request_text("POST", "/v1/threads/b/sync",
                    R"({"changes":[{"type":"update_thread","title":"x"}]})", as_json)) {
    client.send(std::string_view(&c, 1));
  }

  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(Http, AClientThatAsksFirstIsToldToContinue) {
  Client client(server.port());
  const std::string body = R"({"changes":[{"type":"update_thread","title":"x"}]})";
  client.send(
      "POST /v1/threads/c/sync HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");

  EXPECT_EQ(client.read_head().status, 100);
  client.send(body);

  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(Http, HeadHasNoBodyAndOptionsNamesTheMethods) {
  Client client(server.port());

  const Reply head = client.request("HEAD", "/healthz");
  const Reply options = client.request("OPTIONS", "/v1/threads/t1", {},
                                       "Origin: http://localhost\r\n"
                                       "Access-Control-Request-Method: DELETE\r\n");

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "3");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(options.headers.at("access-control-allow-methods"), "GET, HEAD, DELETE, OPTIONS");
}

TEST_F(Http, AThreadIsReadAndListedAndDeleted) {
  start_run();
  Client client(server.port());

  const auto thread = boost::json::parse(client.request("GET", "/v1/threads/t1").body).as_object();
  const auto run = boost::json::parse(client.request("GET", "/v1/threads/t1/runs/r1").body);
  const auto context =
      boost::json::parse(client.request("GET", "/v1/threads/t1/runs/r1/context").body);
  const auto list = boost::json::parse(client.request("GET", "/v1/threads").body).as_object();

  EXPECT_EQ(thread.at("messages").at(0).at("id"), "u1");
  EXPECT_EQ(thread.at("thread").at("running"), true);
  EXPECT_EQ(run.at("status"), "running");
  EXPECT_EQ(context.at("path").at(0).at("id"), "u1");
  EXPECT_EQ(context.at("sent").at("messages"), 1);
  EXPECT_EQ(list.at("threads").at(0).at("id"), "t1");
  EXPECT_EQ(client.request("DELETE", "/v1/threads/t1").status, 204);
  const Reply gone = client.request("GET", "/v1/threads/t1");
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(code_of(gone), "deleted");
}

TEST_F(Http, MetricsAreForPrometheus) {
  Client client(server.port());

  const Reply reply = client.request("GET", "/metrics");

  EXPECT_EQ(reply.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(reply.body.find("lockstep_connections 1"), std::string::npos) << reply.body;
  EXPECT_NE(reply.body.find("lockstep_append_seconds_bucket"), std::string::npos);
  for (const char* kind : {"unwritten", "cache", "indexes"}) {
    const std::string line = "lockstep_store_memory_bytes{kind=\"" + std::string(kind) + "\"} ";
    EXPECT_NE(reply.body.find(line), std::string::npos) << line;
  }
  for (const char* kind : {"used", "free", "resident"}) {
    const std::string line = "lockstep_heap_bytes{kind=\"" + std::string(kind) + "\"} ";
    EXPECT_NE(reply.body.find(line), std::string::npos) << line;
  }
}

TEST(HttpTokens, AThreadIsItsUsersOnly) {
  FrontFixture server({}, two_users());
  Client client(server.port());
  const std::string_view alice = "Authorization: Bearer alice\r\n";
  const std::string_view bob = "Authorization: bearer bob\r\n";

  EXPECT_EQ(client
                .request("POST", "/v1/threads/t1/sync",
                         R"({"changes":[{"type":"update_thread","title":"x"}]})",
                         std::string(alice) + std::string(as_json))
                .status,
            200);

  EXPECT_EQ(client.request("GET", "/v1/threads/t1", {}, alice).status, 200);
  EXPECT_EQ(client.request("GET", "/v1/threads/t1", {}, bob).status, 404);
  const Reply nobody = client.request("GET", "/v1/threads/t1");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(client.request("GET", "/v1/threads/t1", {}, "Authorization: Bearer eve\r\n").status,
            401);
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST(HttpTokens, AStreamDoesNotBeginWithATokenThatWasRevokedWhileItsRequestCame) {
  FrontFixture server({}, two_users());
  Client client(server.port());
  const std::string body = R"({"changes":[{"type":"update_thread","title":"x"}],"follow":"live"})";
  client.send(
      "POST /v1/threads/t1/sync HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Authorization: Bearer alice\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  ASSERT_EQ(client.read_head().status, 100);

  server.set_tokens(Auth::parse("# none", "tokens", Auth::Least::no_token).value());
  client.send(body);

  EXPECT_EQ(client.read_reply().status, 401);
}

TEST(HttpTokens, WithoutThemOnlyThisMachineIsServed) {
  ServerRules rules;
  rules.host = "0.0.0.0";

  const FrontFixture server(rules);

  EXPECT_NE(server.refusal().find("without a token file"), std::string::npos) << server.refusal();
}

TEST(HttpLimits, AnAddressThatAsksTooOftenIsToldWhenToComeBack) {
  ServerRules rules;
  rules.rate = {
      .requests_per_second = 1, .burst = 3, .connections_max = 2, .counts_loopback = true};
  FrontFixture server(rules);
  Client client(server.port());

  for (int at = 0; at < 3; ++at) EXPECT_EQ(client.request("GET", "/v1/threads").status, 200);
  const Reply reply = client.request("GET", "/v1/threads");

  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(code_of(reply), "too_many");
  EXPECT_EQ(reply.headers.at("retry-after"), "1");
  Client second(server.port());
  EXPECT_EQ(second.request("GET", "/nowhere").status, 429);
  Client third(server.port());
  EXPECT_EQ(third.read_reply().status, 429);
  EXPECT_EQ(server.counts().connections_refused, 1U);
}

}  // namespace
}  // namespace lockstep::test
