// SPDX-License-Identifier: Apache-2.0
#include "server/inference/tls.h"

#include <gtest/gtest.h>

#include "tests/inference/http_answer.h"
#include "tests/inference/model_server.h"
#include "tests/inference/temp_file.h"

namespace lockstep {
namespace {

const std::string hello = "HTTP/1.1 200 OK\r\n\r\nhello";

Answer ask(const ModelServer& server, const TlsFiles& files) {
  auto tls = TlsContext::open(files);
  EXPECT_TRUE(tls) << tls.error().detail;
  if (!tls) return {};
  return ask(HttpRequest{.endpoint = *parse_endpoint(server.url("https")),
                         .path = "/x",
                         .headers = {},
                         .body = "{}"},
             *tls);
}

TEST(Tls, TrustsTheAuthoritiesOfTheAgentsOwnFile) {
  const TempFile authority("ca.pem");
  const ModelServer server({tls_script(authority.path(), hello)});

  const Answer answer = ask(server, {.authorities = authority.path()});

  EXPECT_EQ(answer.body, "hello") << answer.error.detail;
}

TEST(Tls, TrustsNoOtherAuthorityThanThoseOfTheFile) {
  const TempFile authority("ca.pem");
  const TempFile other("other.pem");
  const TempFile key("other.key");
  const ModelServer server({tls_script(authority.path(), hello)});
  write_certificate(other.path(), key.path());

  const Answer answer = ask(server, {.authorities = other.path()});

  EXPECT_EQ(answer.error.code, "upstream_tls");
  EXPECT_EQ(answer.error.kind, Kind::rejected) << "another try can't succeed";
  EXPECT_NE(answer.error.detail.find("`ca_file`"), std::string::npos) << answer.error.detail;
}

TEST(Tls, ShowsTheClientsCertificateToAServerThatWantsOne) {
  const TempFile authority("ca.pem");
  const TempFile client("client.pem");
  const TempFile key("client.key");
  const TempFile both("both.pem");
  write_certificate(client.path(), key.path());
  write_certificate(both.path(), both.path());
  {
    const ModelServer server({tls_script(authority.path(), hello, client.path())});
    const Answer answer = ask(server, {authority.path(), client.path(), key.path()});
    EXPECT_EQ(answer.body, "hello") << answer.error.detail;
  }
  {
    const ModelServer server({tls_script(authority.path(), hello, both.path())});
    const Answer answer = ask(server, {authority.path(), both.path(), ""});
    EXPECT_EQ(answer.body, "hello") << answer.error.detail;
  }
  const ModelServer server({tls_script(authority.path(), hello, client.path())});
  const Answer answer = ask(server, {.authorities = authority.path()});
  EXPECT_EQ(answer.error.code, "upstream_tls") << answer.error.detail;
  EXPECT_NE(answer.error.detail.find("`client_certificate_file`"), std::string::npos)
      << answer.error.detail;
}

TEST(Tls, AFileThatCannotBeUsedIsNamedWithItsSetting) {
  const TempFile missing("missing.pem");
  const TempFile empty("empty.pem");
  const TempFile text("text.pem");
  const TempFile client("client.pem");
  const TempFile key("client.key");
  const TempFile other("other.pem");
  const TempFile other_key("other.key");
  empty.write("");
  text.write("this is no certificate");
  write_certificate(client.path(), key.path());
  write_certificate(other.path(), other_key.path());

  const std::pair<TlsFiles, std::string> wrong[] = {
      {{missing.path(), "", ""}, "`ca_file` " + missing.path() + " can't be read: No such file"},
      {{empty.path(), "", ""}, "`ca_file` " + empty.path() + " is empty"},
      {{text.path(), "", ""}, "`ca_file` " + text.path() + " has no certificates in PEM"},
      {{"", missing.path(), ""}, "`client_certificate_file` " + missing.path() + " can't be read"},
      {{"", text.path(), key.path()}, "`client_certificate_file` " + text.path() + " has no cert"},
      {{"", client.path(), missing.path()}, "`client_key_file` " + missing.path() + " can't be"},
      {{"", client.path(), text.path()}, "`client_key_file` " + text.path() + " has no key in PEM"},
      {{"", client.path(), other_key.path()}, "`client_key_file` " + other_key.path() + " has no"},
      {{"", client.path(), ""}, "`client_certificate_file` " + client.path() + " has no key in"},
      {{"", "", key.path()}, "`client_key_file` needs `client_certificate_file`"}};
  for (const auto& [files, fault] : wrong) {
    const auto tls = TlsContext::open(files);

    ASSERT_FALSE(tls) << fault;
    EXPECT_EQ(tls.error().code, "invalid");
    EXPECT_TRUE(tls.error().detail.starts_with(fault)) << tls.error().detail;
  }
}

}  // namespace
}  // namespace lockstep
