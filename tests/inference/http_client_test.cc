// SPDX-License-Identifier: Apache-2.0
#include "server/inference/http_client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <vector>

#include "server/inference/limits.h"
#include "tests/inference/full_listener.h"
#include "tests/inference/http_answer.h"
#include "tests/inference/loop.h"
#include "tests/inference/model_server.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

Answer ask(const std::string& url, std::chrono::milliseconds connect_max = limits::connect_timeout,
           std::string body = "{}") {
  return ask(
      HttpRequest{
          .endpoint = *parse_endpoint(url), .path = "/x", .headers = {}, .body = std::move(body)},
      nullptr, connect_max);
}

Answer ask(ModelServer::Script script, std::string body = "{}") {
  ModelServer server({std::move(script)});
  return ask(server.url(), limits::connect_timeout, std::move(body));
}

std::string more_than_the_sockets_hold() { return std::string(std::size_t{32} << 20, 'x'); }

TEST(HttpClient, TakesABodyOfKnownLengthAndOneThatEndsWithTheConnection) {
  const Answer known = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", "Content-Type: a/b\r\n", "whole");
  });
  const Answer closed = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.0 200 OK\r\n\r\nto the end");
  });

  EXPECT_EQ(known.head.status, 200u);
  EXPECT_EQ(known.head.content_type, "a/b");
  EXPECT_EQ(known.body, "whole");
  EXPECT_EQ(closed.body, "to the end");
  EXPECT_EQ(known.error.code + closed.error.code, "");
}

TEST(HttpClient, InterimAnswersAreSkipped) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    peer.send_answer("200 OK", "Content-Type: a/b\r\n", "whole");
  });

  EXPECT_EQ(answer.head.status, 200u);
  EXPECT_EQ(answer.head.content_type, "a/b");
  EXPECT_EQ(answer.body, "whole");
  EXPECT_EQ(answer.error.code, "");
}

TEST(HttpClient, AsManyInterimAnswersAsTheBoundAreSkipped) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    for (std::uint32_t n = 0; n < limits::interim_answers_max; ++n) {
      peer.send("HTTP/1.1 102 Processing\r\n\r\n");
    }
    peer.send_answer("200 OK", "", "whole");
  });

  EXPECT_EQ(answer.head.status, 200u) << answer.error.detail;
}

TEST(HttpClient, AnUpgradeWithoutARequestForItIsNoInterimAnswer) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  });

  EXPECT_EQ(answer.head.status, 101u) << answer.error.detail;
}

TEST(HttpClient, AFloodOfInterimAnswersIsStopped) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    for (std::uint32_t n = 0; n <= limits::interim_answers_max; ++n) {
      peer.send("HTTP/1.1 102 Processing\r\n\r\n");
    }
  });

  EXPECT_EQ(answer.head.status, 0u);
  EXPECT_EQ(answer.error.code, "upstream_malformed");
}

TEST(HttpClient, ARefusalIsReadThoughTheServerReadsNoneOfALongRequest) {
  std::promise<void> read;
  ModelServer server({[over = read.get_future().share()](ServerPeer& peer) {
    peer.send_answer("413 Payload Too Large", "", "too long");
    over.wait_for(10s);
  }});
  boost::asio::io_context loop;
  HttpClient client(loop.get_executor());
  Answer answer;
  const auto exchange = client.post({.endpoint = *parse_endpoint(server.url()),
                                     .path = "/x",
                                     .headers = {},
                                     .body = more_than_the_sockets_hold()},
                                    limits::connect_timeout, answer);

  EXPECT_TRUE(run_until(loop, [&answer] { return answer.over; }));
  read.set_value();

  EXPECT_EQ(answer.head.status, 413u);
  EXPECT_EQ(answer.body, "too long");
  EXPECT_EQ(answer.error.code, "");
}

TEST(HttpClient, ARefusalIsReadThoughTheServerClosesWithALongRequestUnread) {
  const Answer answer =
      ask([](ServerPeer& peer) { peer.send_answer("413 Payload Too Large", "", "too long"); },
          more_than_the_sockets_hold());

  EXPECT_EQ(answer.head.status, 413u) << answer.error.code << ": " << answer.error.detail;
  EXPECT_EQ(answer.body, "too long");
}

// Beast's own bound is 8 MB.
TEST(HttpClient, ALongBodyIsHandedOnWhole) {
  const std::string long_body(std::size_t{9} << 20, 'x');
  for (const bool length_known : {true, false}) {
    SCOPED_TRACE(length_known);
    const Answer answer = ask([&](ServerPeer& peer) {
      peer.read_request();
      if (length_known) {
        peer.send_answer("200 OK", "", long_body);
      } else {
        peer.send_stream_head();
        peer.send(long_body);
      }
    });

    EXPECT_EQ(answer.error.code, "") << answer.error.detail;
    EXPECT_TRUE(answer.body == long_body);
  }
}

TEST(HttpClient, ABodyThatIsShorterThanItsLengthIsInterrupted) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });

  EXPECT_EQ(answer.body, "half");
  EXPECT_EQ(answer.error.code, "upstream_interrupted");
}

TEST(HttpClient, AServerThatClosesWithoutAnAnswerIsNamed) {
  const Answer answer = ask([](ServerPeer& peer) { peer.read_request(); });

  EXPECT_EQ(answer.error.code, "upstream_interrupted");
}

TEST(HttpClient, AnAddressThatDoesNotAnswerIsUnreachableInTime) {
  const FullListener full;

  const Answer answer = ask("http://127.0.0.1:" + std::to_string(full.port()), 50ms);

  EXPECT_EQ(answer.error.code, "upstream_unreachable");
  EXPECT_EQ(
      answer.error.detail,
      "The model server did not accept a connection within 0.05 s (`connect_timeout_seconds`).");
  EXPECT_FALSE(answer.connected);
}

TEST(HttpClient, AServerThatNeverShakesHandsIsUnreachableInTime) {
  ModelServer server({[](ServerPeer& peer) {
    while (!peer.await_close(5s)) continue;  // a byte of their hello each time
  }});

  const Answer answer = ask(server.url("https"), 50ms);

  EXPECT_EQ(answer.error.code, "upstream_unreachable");
  EXPECT_FALSE(answer.connected);
}

TEST(HttpClient, TheReaderHasTheTimeOfTheAnswerInItsOwnHands) {
  ModelServer server({[](ServerPeer& peer) {
    peer.read_request();
    peer.await_close(200ms);
    peer.send_answer("200 OK", "", "late");
  }});

  const Answer answer = ask(server.url(), 50ms);

  EXPECT_TRUE(answer.connected);
  EXPECT_EQ(answer.body, "late");
}

TEST(HttpClient, APieceOfAChunkIsHandedOnThoughItsEndHasNotCome) {
  boost::asio::io_context loop;
  HttpClient client(loop.get_executor());
  Answer answer;
  ModelServer server({[](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r");
    peer.await_close(5s);
  }});

  const auto exchange = client.post(
      {.endpoint = *parse_endpoint(server.url()), .path = "/x", .headers = {}, .body = {}},
      limits::connect_timeout, answer);

  EXPECT_TRUE(run_until(loop, [&answer] { return answer.body == "hello"; }, 2s));
  EXPECT_FALSE(answer.over);
}

TEST(HttpClient, AFloodOfHeadersIsStopped) {
  for (const std::string& header :
       {"X-More: " + std::string(1000, 'x') + "\r\n", std::string(1000, 'x')}) {
    const Answer answer = ask([&header](ServerPeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 10'000 && !peer.await_close(0ms); ++i) peer.send(header);
    });

    EXPECT_EQ(answer.error.code, "upstream_too_large");
  }
}

TEST(HttpClient, AFirstLineOfAChunkThatDoesNotEndIsStopped) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    const std::string extension(1000, 'x');
    for (int i = 0; i < 10'000 && !peer.await_close(0ms); ++i) peer.send(extension);
  });

  EXPECT_EQ(answer.head.status, 200u);
  EXPECT_EQ(answer.error.code, "upstream_too_large");
}

TEST(HttpClient, AnAnswerThatIsNotHttpIsNamed) {
  const Answer answer = ask([](ServerPeer& peer) {
    peer.read_request();
    peer.send("SSH-2.0-OpenSSH\r\n\r\n");
  });

  EXPECT_EQ(answer.error.code, "upstream_malformed");
}

TEST(HttpClient, AServerThatClosesWithinTheHandshakeMayBeAskedAgain) {
  ModelServer server({[](ServerPeer& peer) {
    peer.await_close(5s);  // the first byte of their hello
    peer.reset();
  }});

  const Answer answer = ask(server.url("https"));

  EXPECT_EQ(answer.error.code, "upstream_tls");
  EXPECT_EQ(answer.error.kind, Kind::unavailable);
}

TEST(HttpClient, TlsWithAServerThatSpeaksNoneIsNamed) {
  ModelServer server({[](ServerPeer& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); }});

  EXPECT_EQ(ask(server.url("https")).error.code, "upstream_tls");
}

class TlsFile {
 public:
  TlsFile()
      : path_(std::filesystem::temp_directory_path() /
              ("lockstep_" + std::to_string(::getpid()) + ".pem")) {}
  ~TlsFile() {
    ::unsetenv("SSL_CERT_FILE");
    std::filesystem::remove(path_);
  }
  TlsFile(const TlsFile&) = delete;
  TlsFile& operator=(const TlsFile&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }
  void trust() const { ::setenv("SSL_CERT_FILE", path_.c_str(), 1); }

 private:
  std::filesystem::path path_;
};

TEST(HttpClient, ACertificateWithoutAKnownAuthorityIsRefusedByName) {
  const TlsFile file;
  ModelServer server({tls_script(file.path(), "HTTP/1.1 200 OK\r\n\r\nsecret")});

  const Answer answer = ask(server.url("https"));

  EXPECT_EQ(answer.error.code, "upstream_tls");
  EXPECT_NE(answer.error.detail.find("certificate"), std::string::npos) << answer.error.detail;
  EXPECT_EQ(answer.body, "");
}

TEST(HttpClient, ATrustedCertificateForTheHostsNameIsTaken) {
  const TlsFile file;
  ModelServer server({tls_script(file.path(), "HTTP/1.1 200 OK\r\n\r\nhello")});
  file.trust();

  const Answer answer = ask(server.url("https"));

  EXPECT_EQ(answer.error.detail, "");
  EXPECT_EQ(answer.body, "hello");
}

TEST(HttpClient, ATrustedCertificateForAnotherHostIsRefusedWithBothNames) {
  const TlsFile file;
  ModelServer server({tls_script(file.path(), "HTTP/1.1 200 OK\r\n\r\nhello")});
  file.trust();
  std::string url = server.url("https");
  url.replace(url.find("localhost"), 9, "127.0.0.1");

  const Answer answer = ask(url);

  EXPECT_EQ(answer.error.code, "upstream_tls");
  EXPECT_EQ(answer.error.detail,
            "TLS with 127.0.0.1 failed: the certificate is for localhost; not for 127.0.0.1: "
            "correct `base_url`.");
}

}  // namespace
}  // namespace lockstep
