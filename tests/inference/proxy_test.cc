// SPDX-License-Identifier: Apache-2.0
#include "server/inference/proxy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "server/inference/tls.h"
#include "tests/inference/full_listener.h"
#include "tests/inference/http_answer.h"
#include "tests/inference/model_server.h"
#include "tests/inference/temp_file.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

// --- What a setting and a variable say -----------------------------------------------------------

TEST(Proxy, IsReadFromAUrlAndFromAHostWithAPort) {
  EXPECT_EQ(*parse_proxy("http://p.test:3128", "x"), (Proxy{"p.test", "3128", "", ""}));
  EXPECT_EQ(*parse_proxy("http://p.test/", "x"), (Proxy{"p.test", "80", "", ""}));
  EXPECT_EQ(*parse_proxy("p.test:3128", "x"), (Proxy{"p.test", "3128", "", ""}));
  EXPECT_EQ(*parse_proxy("http://me:p%40ss%3Aword@[::1]:1", "x"),
            (Proxy{"::1", "1", "me", "p@ss:word"}));
}

TEST(Proxy, OfAnotherKindIsRefusedByTheSettingsNameWithoutItsSecrets) {
  for (const std::string bad :
       {"socks5://u:hush@p.test:1", "https://u:hush@p.test:1", "http://", "http://u:hush@p.test/a",
        "http://u:hush@p.test:1?a", "http://u:hush%0d%0aX@p.test:1", "", "http://a b"}) {
    const auto proxy = parse_proxy(bad, "`proxy`");

    ASSERT_FALSE(proxy) << bad;
    EXPECT_TRUE(proxy.error().detail.starts_with("`proxy` ")) << proxy.error().detail;
    EXPECT_EQ(proxy.error().detail.find("hush"), std::string::npos) << proxy.error().detail;
  }
}

TEST(Proxy, HasTheCredentialsOfBasicAuthentication) {
  EXPECT_EQ(basic_credentials({"p", "1", "Aladdin", "open sesame"}),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(basic_credentials({"p", "1", "", ""}), "");
}

TEST(NoProxy, NamesHostsDomainsAddressesRangesAndPorts) {
  const auto names = [](const char* list, const char* url) {
    return needs_no_proxy(list, *parse_endpoint(url));
  };
  EXPECT_TRUE(names("*", "https://a.test"));
  EXPECT_TRUE(names("a.test", "https://a.test"));
  EXPECT_TRUE(names("a.test", "https://x.a.test"));
  EXPECT_TRUE(names(".a.test", "https://x.a.test"));
  EXPECT_TRUE(names(".a.test", "https://a.test"));
  EXPECT_TRUE(names("*.a.test", "https://x.a.test"));
  EXPECT_TRUE(names("b.test, A.Test", "https://X.a.TEST"));
  EXPECT_TRUE(names("b.test a.test", "https://a.test"));
  EXPECT_TRUE(names("a.test:8443", "https://a.test:8443"));
  EXPECT_TRUE(names("a.test:443", "https://a.test"));
  EXPECT_TRUE(names("10.1.2.3", "http://10.1.2.3"));
  EXPECT_TRUE(names("10.0.0.0/8", "http://10.1.2.3"));
  EXPECT_TRUE(names("10.1.2.3/32", "http://10.1.2.3"));
  EXPECT_TRUE(names("fd00::/8", "http://[fd00::1]"));
  EXPECT_TRUE(names("[fd00::1]:80", "http://[fd00::1]"));
  EXPECT_TRUE(names("fd00::1", "http://[fd00:0::1]"));

  EXPECT_FALSE(names("", "https://a.test"));
  EXPECT_FALSE(names("a.test", "https://aa.test"));
  EXPECT_FALSE(names("a.test", "https://a.test.evil"));
  EXPECT_FALSE(names("x.a.test", "https://a.test"));
  EXPECT_FALSE(names("a.test:8443", "https://a.test"));
  EXPECT_FALSE(names("10.0.0.0/8", "http://11.1.2.3"));
  EXPECT_FALSE(names("10.0.0.0/8", "http://10.test"));
  EXPECT_FALSE(names("0.0.0.0/0x", "http://10.1.2.3"));
  EXPECT_FALSE(names(". , ,:", "https://a.test"));
}

TEST(Proxy, OfTheEnvironmentGoesByTheSchemeAndLeavesOutThisMachine) {
  const ProxyVariables variables{.https = "s.test:1", .http = "http://p.test:2", .none = "b.test"};
  const auto host = [&variables](const char* url) {
    const auto proxy = proxy_of(variables, *parse_endpoint(url));
    return *proxy ? (*proxy)->host : "none";
  };

  EXPECT_EQ(host("https://a.test"), "s.test");
  EXPECT_EQ(host("http://a.test"), "p.test");
  EXPECT_EQ(host("https://b.test"), "none");
  for (const char* here : {"http://localhost:1", "http://127.0.0.1", "https://[::1]"}) {
    EXPECT_EQ(host(here), "none");
  }
}

TEST(Proxy, OfTheEnvironmentThatIsWrongIsRefusedOnlyWhereItIsNeeded) {
  const ProxyVariables variables{.https = "socks5://s.test:1", .http = "", .none = ""};

  const auto needed = proxy_of(variables, *parse_endpoint("https://a.test"));
  ASSERT_FALSE(needed);
  EXPECT_TRUE(needed.error().detail.starts_with("HTTPS_PROXY ")) << needed.error().detail;
  EXPECT_NE(needed.error().detail.find("set `proxy`"), std::string::npos);
  EXPECT_TRUE(proxy_of(variables, *parse_endpoint("http://a.test")));
}

TEST(Proxy, OfTheEnvironmentIsFoundInBothCasesOfLetters) {
  for (const char* name :
       {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"}) {
    ::unsetenv(name);
  }
  ::setenv("HTTPS_PROXY", "large.test:1", 1);
  ::setenv("http_proxy", "small.test:1", 1);
  ::setenv("NO_PROXY", "a.test", 1);
  const ProxyVariables large = ProxyVariables::of_environment();
  ::setenv("https_proxy", "small.test:1", 1);
  const ProxyVariables both = ProxyVariables::of_environment();
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "http_proxy", "NO_PROXY"})
    ::unsetenv(name);

  EXPECT_EQ(large.https + large.http + large.none, "large.test:1small.test:1a.test");
  EXPECT_EQ(both.https, "small.test:1");
}

// --- On the wire ---------------------------------------------------------------------------------

HttpRequest over(const ModelServer& proxy, const std::string& url, std::string user = {}) {
  const Endpoint at = *parse_endpoint(proxy.url());
  return {.endpoint = *parse_endpoint(url),
          .path = "/x",
          .headers = {},
          .body = "{}",
          .query = "a=1",
          .proxy = Proxy{at.host, at.port, std::move(user), "open sesame"}};
}

// Stands for the proxy, and behind the tunnel for the server.
ModelServer::Script tunnel(const TempFile& authority, std::promise<std::string>& asked) {
  return [tls = tls_script(authority.path(), "HTTP/1.1 200 OK\r\n\r\nhello"),
          &asked](ServerPeer& peer) {
    asked.set_value(peer.read_head());
    peer.send("HTTP/1.1 200 Connection established\r\nProxy-Agent: p\r\n\r\n");
    tls(peer);
  };
}

TEST(Proxy, LeadsToATlsServerByATunnelWithTheCredentials) {
  const TempFile authority("ca.pem");
  std::promise<std::string> asked;
  const ModelServer proxy({tunnel(authority, asked)});
  const auto tls = TlsContext::open({.authorities = authority.path()});

  const Answer answer = ask(over(proxy, "https://localhost:4443/v1", "Aladdin"), *tls);

  EXPECT_EQ(answer.body, "hello") << answer.error.detail;
  const std::string head = asked.get_future().get();
  EXPECT_TRUE(head.starts_with("CONNECT localhost:4443 HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("\r\nHost: localhost:4443\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos)
      << head;
}

TEST(Proxy, GetsTheWholeUrlOfAServerWithoutTls) {
  std::promise<std::string> asked;
  const ModelServer proxy({[&asked](ServerPeer& peer) {
    asked.set_value(peer.read_request());
    peer.send_answer("200 OK", "", "hello");
  }});

  const Answer answer = ask(over(proxy, "http://model.test:8080/v1", "Aladdin"));

  EXPECT_EQ(answer.body, "hello") << answer.error.detail;
  const std::string request = asked.get_future().get();
  EXPECT_TRUE(request.starts_with("POST http://model.test:8080/v1/x?a=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nHost: model.test:8080\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nProxy-Authorization: Basic "), std::string::npos);
}

TEST(Proxy, ThatRefusesTheTunnelIsToldWithItsStatus) {
  const std::tuple<std::string, std::string, Kind> refusals[] = {
      {"407 Proxy Authentication Required", "check the user and the password", Kind::rejected},
      {"403 Forbidden", "answered 403", Kind::rejected},
      {"503 Service Unavailable", "answered 503", Kind::unavailable}};
  for (const auto& [status, said, kind] : refusals) {
    const ModelServer proxy({[&status](ServerPeer& peer) {
      peer.read_head();
      peer.send_answer(status, "", "a page");
    }});

    const Answer answer = ask(over(proxy, "https://model.test/v1"));

    EXPECT_EQ(answer.error.code, "upstream_proxy");
    EXPECT_EQ(answer.error.kind, kind) << status;
    EXPECT_NE(answer.error.detail.find(said), std::string::npos) << answer.error.detail;
    EXPECT_NE(answer.error.detail.find("model.test:443"), std::string::npos);
    EXPECT_EQ(answer.error.detail.find("sesame"), std::string::npos);
    EXPECT_FALSE(answer.connected);
  }
}

TEST(Proxy, ThatClosesOrSpeaksNoHttpOrFloodsIsNamed) {
  const ModelServer::Script faults[] = {
      [](ServerPeer& peer) { peer.read_head(); },
      [](ServerPeer& peer) { peer.send("SSH-2.0-OpenSSH\r\n\r\n"); },
      [](ServerPeer& peer) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\n");
        const std::string header = "X: " + std::string(1000, 'x') + "\r\n";
        for (int i = 0; i < 1000 && !peer.await_close(0ms); ++i) peer.send(header);
      }};
  for (const ModelServer::Script& fault : faults) {
    const ModelServer proxy({fault});

    const Answer answer = ask(over(proxy, "https://model.test/v1"));

    EXPECT_EQ(answer.error.code, "upstream_proxy") << answer.error.detail;
  }
}

TEST(Proxy, ThatHangsOrDoesNotListenIsToldInTime) {
  const FullListener full;
  const ModelServer hanging({[](ServerPeer& peer) {
    peer.read_head();
    peer.await_close(5s);
  }});
  const ModelServer silent({});
  HttpRequest no_answer = over(hanging, "https://model.test/v1");
  HttpRequest no_connection = over(silent, "https://model.test/v1");
  no_connection.proxy->port = std::to_string(full.port());

  for (const HttpRequest& request : {no_answer, no_connection}) {
    const Answer answer = ask(request, nullptr, 100ms);

    EXPECT_EQ(answer.error.code, "upstream_unreachable");
    EXPECT_NE(answer.error.detail.find("over the proxy 127.0.0.1:"), std::string::npos)
        << answer.error.detail;
  }
}

TEST(Proxy, ThatCannotBeReachedIsNamedAsTheProxy) {
  std::optional<ModelServer> gone(std::in_place, std::vector<ModelServer::Script>());
  const HttpRequest request = over(*gone, "https://model.test/v1");
  gone.reset();

  const Answer answer = ask(request);

  EXPECT_EQ(answer.error.code, "upstream_unreachable");
  EXPECT_TRUE(
      answer.error.detail.starts_with("The proxy of the agent can't be reached: 127.0.0.1:"))
      << answer.error.detail;
}

}  // namespace
}  // namespace lockstep
