// SPDX-License-Identifier: Apache-2.0
// The page over a real socket: every client gets it in full, and a slow reader holds no copy of it.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

Auth one_user() {
  return Auth::parse(
             "[tokens.a]\nuser = \"ada\"\nsha256 = "
             "\"2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90\"\n",
             "tokens")
      .value();
}

std::string code_of(const Reply& reply) {
  return std::string(boost::json::parse(reply.body).at("code").as_string());
}

// More than all buffers between the server and a reader can hold.
const std::string& large_text() {
  static const std::string text = [] {
    std::string lines;
    for (int line = 0; lines.size() < (24 << 20); ++line) lines += std::to_string(line) + '\n';
    return lines;
  }();
  return text;
}

Page large_page() {
  static const Asset large{
      .path = "/assets/large-BxY3aZ01.js", .hash = "0123", .bytes = large_text(), .gzip = {}};
  return {&large, 1};
}

TEST(ThePage, IsShownWithoutATokenAndHasTheHeadersForBrowsers) {
  FrontFixture server({}, one_user());
  Client client(server.port());

  const Reply index = client.request("GET", "/");
  const Reply script = client.request("GET", "/assets/index-BxY3aZ01.js?x=1");
  const Reply manifest = client.request("GET", "/manifest.webmanifest");

  EXPECT_EQ(index.status, 200);
  EXPECT_TRUE(index.body.starts_with("<!doctype html>")) << index.body;
  EXPECT_EQ(index.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(index.headers.at("x-content-type-options"), "nosniff");
  EXPECT_TRUE(index.headers.contains("content-security-policy"));
  EXPECT_EQ(script.headers.at("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(manifest.headers.at("content-type"), "application/manifest+json");
  EXPECT_EQ(client.request("GET", "/v1/threads").status, 401);
}

TEST(ThePage, IsOneOfTheThingsThatAPathCanBe) {
  FrontFixture server;
  Client client(server.port());

  const Reply head = client.request("HEAD", "/");
  const Reply known =
      client.request("GET", "/", {}, "If-None-Match: " + head.headers.at("etag") + "\r\n");
  const Reply options = client.request("OPTIONS", "/sw.js");
  const Reply posted = client.request("POST", "/", "{}");
  const Reply unknown = client.request("GET", "/assets/index-00000000.js");

  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("content-length"), "0");
  EXPECT_EQ(known.status, 304);
  EXPECT_FALSE(known.headers.contains("content-length"));
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(code_of(unknown), "not_found");
}

TEST(ThePage, IsNotShownUnderANameThatIsNotOurs) {
  FrontFixture server;
  Client client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");

  const Reply host = client.read_reply();
  const Reply origin = client.request("GET", "/", {}, "Origin: https://evil.example\r\n");

  EXPECT_EQ(code_of(host), "forbidden_host");
  EXPECT_EQ(code_of(origin), "forbidden_origin");
}

TEST(ALargeFile, ReachesASlowReaderWholeAndTheNextAnswerComesAfterIt) {
  FrontFixture server({}, {}, large_page());
  Client client(server.port(), 4'096);
  const std::string file = request_text("GET", "/assets/large-BxY3aZ01.js", {}, {});
  client.send(file + request_text("GET", "/healthz", {}, {}) +
              request_text("HEAD", "/assets/large-BxY3aZ01.js", {}, {}) +
              request_text("GET", "/readyz", {}, {}));

  const Reply head = client.read_head();
  std::string body = client.read_exactly(100'000);
  // Longer than a connection may rest between requests: this one does not rest.
  for (int part = 0; part < 5; ++part) {
    server.pass(20);
    body += client.read_exactly(1 << 20);
  }
  body += client.read_exactly(std::stoul(head.headers.at("content-length")) - body.size());

  EXPECT_TRUE(body == large_text());
  EXPECT_EQ(client.read_reply().body, "ok\n");
  EXPECT_EQ(client.read_reply(false).status, 200);
  EXPECT_EQ(client.read_reply().body, "ready\n");
}

TEST(ALargeFile, IsNotCopiedForAReaderThatDoesNotRead) {
  FrontFixture server({}, {}, large_page());
  Client client(server.port(), 4'096);

  client.send(request_text("GET", "/assets/large-BxY3aZ01.js", {}, {}));
  client.read_head();

  // The bytes that the system took, and the piece that it did not take at once.
  EXPECT_LT(server.counts().bytes_sent, large_text().size() / 2);
}

TEST(ALargeFile, IsSentToItsEndIfTheReaderOrTheServerSaysGoodBye) {
  FrontFixture server({}, {}, large_page());
  Client first(server.port());
  Client second(server.port());
  for (Client* client : {&first, &second}) {
    client->send(request_text("GET", "/assets/large-BxY3aZ01.js", {}, {}));
    client->read_head();
  }

  first.half_close();
  EXPECT_EQ(first.read_to_end().size(), large_text().size());
  server.stop();

  EXPECT_EQ(second.read_to_end().size(), large_text().size());
  server.wait_for_stop();
}

TEST(ALargeFile, IsCutOffFromAReaderThatIsTooSlow) {
  FrontFixture server({}, {}, large_page());
  Client client(server.port(), 4'096);
  client.send(request_text("GET", "/assets/large-BxY3aZ01.js", {}, {}));
  client.read_head();

  // When the system's buffers are full, the server can't send more.
  for (int round = 0; round < 100 && server.counts().connections > 0; ++round) server.pass(40);

  EXPECT_EQ(server.counts().slow_readers_closed, 1U);
  EXPECT_EQ(server.counts().connections, 0U);
}

TEST(ManyRequestsInOneGo, AreAllAnsweredAndWaitInTheSocketUntilThen) {
  FrontFixture server({}, {}, large_page());
  Client client(server.port());
  constexpr int count = 3'000;
  std::string all = request_text("GET", "/assets/large-BxY3aZ01.js", {}, {});
  for (int at = 0; at < count; ++at) {
    all += request_text("GET", "/healthz", {}, "X-Padding: " + std::string(100, 'x') + "\r\n");
  }

  client.send(all);

  EXPECT_EQ(client.read_reply().body.size(), large_text().size());
  for (int at = 0; at < count; ++at) ASSERT_EQ(client.read_reply().body, "ok\n") << at;
}

}  // namespace
}  // namespace lockstep::test
