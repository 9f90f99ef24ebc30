// SPDX-License-Identifier: Apache-2.0
// Requests byte by byte, as proxies send them, and as attackers who try to deceive proxies do.
#include <gtest/gtest.h>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

class HttpWire : public testing::Test {
 protected:
  // All that comes until the server closes.
  std::string all_for(const std::string& text) {
    Client client(server.port());
    client.send(text);
    return client.read_to_end();
  }
  Reply first_for(const std::string& text) {
    Client client(server.port());
    client.send(text);
    return client.read_reply();
  }
  FrontFixture server;
};

constexpr std::string_view title = R"({"changes":[{"type":"update_thread","title":"x"}]})";
constexpr std::string_view host = "Host: localhost\r\n";
const std::string& smuggled() {
  static const std::string text = request_text("GET", "/v1/threads", {}, {});
  return text;
}

std::size_t answers_in(std::string_view all) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = all.find("HTTP/1.1 ", at)) != std::string_view::npos; ++at)
    ++count;
  return count;
}

TEST_F(HttpWire, BytesBehindABodyWithoutAnEndAreNoRequest) {
  for (const std::string coding :
       {"xchunked", "chunked, identity", "\"chunked\"", "chunked, chunked", "identity",
        "chunked, gzip", "chunked;q=1"}) {
    const std::string all = all_for("GET /healthz HTTP/1.1\r\n" + std::string(host) +
                                    "Transfer-Encoding: " + coding + "\r\n\r\n" + smuggled());

    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << coding << all;
    EXPECT_NE(all.find("Connection: close"), std::string::npos) << coding;
    EXPECT_EQ(answers_in(all), 1U) << coding;
  }
}

TEST_F(HttpWire, BehindAHeaderThatCanBeReadInTwoWaysNoRequestIsRead) {
  const std::string h(host);
  for (const std::string& header :
       {h + h, h + "Host: evil.example\r\n", std::string(), "Host: local host\r\n" + h,
        h + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
        h + "Origin: http://localhost\r\nOrigin: http://localhost\r\n",
        h + "Expect: 100-continue\r\nExpect: 100-continue\r\n", h + "X: a\r\n b\r\n",
        h + "X: a\r\n\tb\r\n", h + "X: a\r\n Transfer-Encoding: chunked\r\n", " X: a\r\n" + h}) {
    const std::string all = all_for("GET /healthz HTTP/1.1\r\n" + header + "\r\n" + smuggled());

    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << header << all;
    EXPECT_NE(all.find("Connection: close"), std::string::npos) << header;
    EXPECT_EQ(answers_in(all), 1U) << header;
  }
}

TEST_F(HttpWire, AHeaderThatComesInPiecesIsNotTakenForAFoldedOne) {
  Client client(server.port());
  for (const char* piece : {"GET /healthz HTTP/1.1\r\nHost:", " localhost\r\nX:\t", "a\r\n\r\n"}) {
    client.send(piece);
  }

  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(HttpWire, TheBodyOfARefusedRequestIsNoRequest) {
  Client client(server.port());
  client.send("POST /v1/nothing HTTP/1.1\r\n" + std::string(host) +
              "Content-Length: " + std::to_string(smuggled().size()) + "\r\n\r\n");

  Reply refused = client.read_reply();

  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.headers["connection"], "close") << "its body would be the next request";
}

TEST_F(HttpWire, ACodingThatIsNotKnownAndOneOfHttp10EndTheConnection) {
  const std::string gzip =
      all_for("GET /healthz HTTP/1.1\r\n" + std::string(host) +
              "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled());
  const std::string old =
      all_for("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n" + std::string(host) +
              "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled());

  EXPECT_TRUE(gzip.starts_with("HTTP/1.1 501 ")) << gzip;
  EXPECT_TRUE(old.starts_with("HTTP/1.1 400 ")) << old;
  EXPECT_EQ(answers_in(gzip) + answers_in(old), 2U);
}

std::string chunked_sync(const std::string& extension, const std::string& trailer) {
  return "POST /v1/threads/c/sync HTTP/1.1\r\n" + std::string(host) +
         "Accept: application/json\r\nContent-Type: application/json\r\n"
         "Transfer-Encoding: chunked\r\n\r\n5" +
         extension + "\r\n" + std::string(title.substr(0, 5)) + "\r\n" + "2d" + "\r\n" +
         std::string(title.substr(5)) + "\r\n0\r\n" + trailer + "\r\n";
}

TEST_F(HttpWire, AChunkMayBearExtensionsButNoEndlessOnes) {
  ASSERT_EQ(title.size(), 5U + 0x2dU);

  EXPECT_EQ(first_for(chunked_sync(";a=b;c=\"d\"", "")).status, 200);
  EXPECT_EQ(first_for(chunked_sync(";a=" + std::string(100'000, 'b'), "")).status, 400);
}

TEST_F(HttpWire, ATrailerIsNoHeader) {
  EXPECT_EQ(first_for(chunked_sync("", "Origin: https://evil.example\r\n")).status, 200);
  EXPECT_EQ(first_for(chunked_sync("", "Host: b\r\nContent-Encoding: gzip\r\n")).status, 200);
}

struct Asked {
  std::string request;  // the first line and headers, without Host
  int status;
};

TEST_F(HttpWire, EachFormOfARequestIsReadAsTheStandardSays) {
  const std::string h(host);
  const std::string socket =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::vector<Asked> table{
      {"GET http://localhost/healthz HTTP/1.1\r\nHost: other.example\r\n", 200},
      {"GET http://evil.example/v1/threads HTTP/1.1\r\n" + h, 403},
      {"GET http://user@localhost/healthz HTTP/1.1\r\n" + h, 400},
      {"OPTIONS * HTTP/1.1\r\n" + h, 204},
      {"GET * HTTP/1.1\r\n" + h, 400},
      {"GET /v1/threads HTTP/1.1\r\nHost: [::1]evil.com\r\n", 400},
      {"GET /v1/threads HTTP/1.1\r\nHost: localhost:abc\r\n", 400},
      {"GET /v1/threads HTTP/1.1\r\nHost: [::1]:80\r\n", 200},
      {"GET /v1/threads HTTP/1.1\r\nHost: LocalHost\r\n", 200},
      {"GET /v1/threads HTTP/1.1\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n" + h,
       400},
      {"GET /v1/threads HTTP/1.1\r\nOrigin: http://localhost\r\nOrigin: https://evil.example\r\n" +
           h,
       400},
      {"GET /v1/threads HTTP/1.1\r\nContent-Encoding: gzip\r\n" + h, 415},
      {"GET /v1/threads/none HTTP/1.1\r\nAccept: text/html\r\n" + h, 406},
      {"GET /v1/threads/none HTTP/1.1\r\nAccept: Application/JSON;Q=0.5\r\n" + h, 404},
      {"GET /v1/threads/none HTTP/1.1\r\nAccept: text/html\r\nAccept: */*\r\n" + h, 404},
      {"GET /v1/socket HTTP/1.1\r\n" + h + socket + key, 101},
      {"GET /v1/socket HTTP/1.0\r\n" + h + socket + key, 426},
      {"HEAD /v1/socket HTTP/1.1\r\n" + h + socket + key, 405},
      {"GET /v1/socket HTTP/1.1\r\nContent-Length: 2\r\n" + h + socket + key, 400},
      {"GET /v1/socket HTTP/1.1\r\n" + h + socket + key + key, 400},
      {"GET /v1/socket HTTP/1.1\r\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n" + h + socket,
       400},
  };

  for (const Asked& asked : table) {
    Client client(server.port());
    client.send(asked.request + "\r\n" +
                (asked.request.find("Content-Length: 2") == std::string::npos ? "" : "{}"));

    EXPECT_EQ(client.read_head().status, asked.status) << asked.request;
  }
}

TEST_F(HttpWire, AJsonBodyAndAnExpectationAreNamedInAnyCase) {
  Client client(server.port());
  client.send("POST /v1/threads/c/sync HTTP/1.1\r\n" + std::string(host) +
              "Expect: 100-CONTINUE\r\nAccept: application/json\r\n"
              "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: " +
              std::to_string(title.size()) + "\r\n\r\n");

  EXPECT_EQ(client.read_head().status, 100);
  client.send(title);

  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(HttpWire, OptionsOfTheWholeServerNameTheMethodsOfAllPaths) {
  const Reply reply = first_for("OPTIONS * HTTP/1.1\r\n" + std::string(host) + "\r\n");

  EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD, POST, DELETE, OPTIONS");
}

TEST_F(HttpWire, AClientThatHasSaidAllGetsEveryAnswerInEveryForm) {
  for (const std::string accept :
       {"text/event-stream", "application/x-ndjson", "application/json"}) {
    for (int look = 0; look < 20; ++look) {
      Client client(server.port());
      client.send(request_text("POST", "/v1/threads/h/sync",
                               R"({"follow":"none","changes":[{"type":"update_thread",)"
                               R"("title":"x"}]})",
                               "Accept: " + accept + "\r\n"));
      client.half_close();

      const std::string all = client.read_to_end();

      const bool whole = accept == "application/json"
                             ? all.ends_with("}")
                             : all.find("\"frame\":\"end\"") != std::string::npos;
      EXPECT_TRUE(whole) << accept << all;
    }
  }
}

TEST_F(HttpWire, AClientThatHasSaidAllGetsTheAnswersToAllThatItAsked) {
  Client client(server.port());
  client.send(request_text("POST", "/v1/threads/h/sync", title, "Accept: application/json\r\n") +
              request_text("GET", "/v1/threads", {}, {}) + request_text("GET", "/healthz", {}, {}));
  client.half_close();

  const std::string all = client.read_to_end();

  EXPECT_EQ(answers_in(all), 3U) << all;
  EXPECT_TRUE(all.ends_with("ok\n"));
}

TEST_F(HttpWire, ARunIsFollowedToItsEndByAClientThatHasSaidAll) {
  Client follower(server.port());
  follower.send(request_text("POST", "/v1/threads/t/sync",
                             R"({"device":"d","changes":[{"type":"start_run","op":1,"run":"r",)"
                             R"("input":[{"id":"u","text":"hello"}]}]})",
                             {}));
  follower.half_close();
  follower.read_until("\"frame\":\"diff\"");

  Client producer(server.port());
  const Reply pushed = producer.request("POST", "/v1/threads/t/runs/r/steps?attempt=1",
                                        R"({"steps":[{"seq":1,"type":"run_ended"}]})");

  EXPECT_EQ(pushed.status, 200) << pushed.body;
  EXPECT_NE(follower.read_to_end().find("\"reason\":\"done\""), std::string::npos);
}

TEST_F(HttpWire, AClientThatIsGoneIsFoundOutThoughItHadSaidAll) {
  all_for(request_text("POST", "/v1/threads/g/sync", title, {}));
  {
    Client client(server.port());
    client.send(request_text("POST", "/v1/threads/g/sync", R"({"follow":"live"})", {}));
    client.read_until("\"frame\":\"diff\"");
  }

  FrontCounts counts = server.counts();
  for (int look = 0; counts.streams > 0 && look < 1000; ++look) counts = server.counts();

  EXPECT_EQ(counts.streams, 0U);
}

}  // namespace
}  // namespace lockstep::test
