// SPDX-License-Identifier: Apache-2.0
// What the configuration says about reaching a server, as the server gets it.
#include "server/inference/agent_reach.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "tests/inference/openai_stage.h"
#include "tests/inference/temp_file.h"

namespace lockstep {
namespace {

// A variable of the environment, until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

AgentConfig openai(const std::string& url = "http://model.test/v1") {
  AgentConfig config;
  config.kind = AgentKind::openai;
  config.base_url = url;
  config.model = "m";
  return config;
}

struct Made {
  Result<Reach> reach;
  std::vector<AgentWarning> warnings;
  std::shared_ptr<SecretRing> secrets = std::make_shared<SecretRing>();
};

Made make(const AgentConfig& config) {
  Made made{.reach = Reach(), .warnings = {}};
  made.reach = reach_of("a", config, made.secrets, made.warnings);
  return made;
}

// The request that the server gets from an agent of this configuration; empty: none.
std::string requested(AgentConfig config) {
  std::promise<std::string> request;
  Stage stage({[&request](ServerPeer& peer) {
    request.set_value(peer.read_request());
    peer.send_stream_head();
    peer.send_event(stop);
    peer.send_event(done);
  }});
  config.base_url = stage.server.url();
  const Made made = make(config);
  EXPECT_TRUE(made.reach) << made.reach.error().detail;
  if (!made.reach) return {};
  static_cast<Reach&>(stage.options) = *made.reach;
  stage.run();
  auto future = request.get_future();
  if (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return stage.detail();
  return future.get();
}

bool has(const std::string& request, const std::string& line) {
  return request.contains("\r\n" + line + "\r\n");
}

TEST(Reach, SendsTheHeadersAndTheQueryOfTheConfiguration) {
  const Variable token("LOCKSTEP_TEST_TOKEN", "tenant-secret");
  AgentConfig config = openai();
  config.headers = {{"HTTP-Referer", "https://chat.example"}, {"X-Title", "Chat"}};
  config.header_env = {{"X-Tenant", "LOCKSTEP_TEST_TOKEN"}};
  config.query = {{"api-version", "2024-10-21"}, {"a b", "c&d=é"}};

  const std::string request = requested(config);

  EXPECT_TRUE(
      request.starts_with("POST /v1/chat/completions?a%20b=c%26d%3D%C3%A9&api-version="
                          "2024-10-21 HTTP/1.1\r\n"))
      << request;
  EXPECT_TRUE(has(request, "HTTP-Referer: https://chat.example"));
  EXPECT_TRUE(has(request, "X-Title: Chat"));
  EXPECT_TRUE(has(request, "X-Tenant: tenant-secret"));
  EXPECT_TRUE(has(request, "User-Agent: lockstep"));
}

TEST(Reach, AHeaderOfTheConfigurationReplacesTheServersOwn) {
  AgentConfig config = openai();
  config.headers = {{"user-agent", "chat/1"}};

  const std::string request = requested(config);

  EXPECT_TRUE(has(request, "user-agent: chat/1")) << request;
  EXPECT_FALSE(request.contains("lockstep"));
}

TEST(Reach, TheKeyGoesIntoTheHeaderThatTheConfigurationNames) {
  const Variable key("LOCKSTEP_TEST_KEY", "azure-key-1\n");
  AgentConfig config = openai();
  config.api_key_env = "LOCKSTEP_TEST_KEY";
  EXPECT_TRUE(has(requested(config), "Authorization: Bearer azure-key-1"));

  config.api_key_header = "api-key";
  const std::string request = requested(config);

  EXPECT_TRUE(has(request, "api-key: azure-key-1")) << request;
  EXPECT_FALSE(request.contains("Bearer"));
}

TEST(Reach, TheKeyOfAFileIsReadAgainForTheNextRun) {
  const TempFile file("key");
  file.write("first-key-1\n");
  std::promise<std::string> requests[2];
  const auto refuse = [&requests](std::size_t n) {
    return [&requests, n](ServerPeer& peer) {
      requests[n].set_value(peer.read_request());
      peer.send_answer("401 Unauthorized", "",
                       R"({"error":{"message":"no: first-key-1 second-key-2"}})");
    };
  };
  Stage stage({refuse(0), refuse(1)});
  AgentConfig config = openai(stage.server.url());
  config.api_key_file = file.path();
  const Made made = make(config);
  ASSERT_TRUE(made.reach);
  static_cast<Reach&>(stage.options) = *made.reach;

  stage.run();
  EXPECT_EQ(stage.detail(), "The model server answered 401: no: [secret] second-key-2");
  file.replace("second-key-2\n");
  stage.writer = TestWriter();
  stage.run();

  EXPECT_TRUE(has(requests[0].get_future().get(), "Authorization: Bearer first-key-1"));
  EXPECT_TRUE(has(requests[1].get_future().get(), "Authorization: Bearer second-key-2"));
  EXPECT_EQ(stage.detail(), "The model server answered 401: no: [secret] [secret]")
      << "the redactor has learnt the new key, and still knows the former one";
}

TEST(Reach, AKeyFileThatCannotBeReadFailsTheRunAndIsToldAtTheStart) {
  const TempFile file("no-key");
  AgentConfig config = openai();
  config.api_key_file = file.path();

  const Made made = make(config);
  ASSERT_TRUE(made.reach);
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_EQ(made.warnings[0].event, "key_file_unusable");
  EXPECT_TRUE(made.warnings[0].what.contains(file.path()));

  const auto key = present_key(*made.reach);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, "missing_key");
  EXPECT_TRUE(key.error().detail.contains(file.path())) << key.error().detail;
  EXPECT_EQ(requested(config), key.error().detail) << "nothing is asked";
}

TEST(Reach, AVariableOfAHeaderThatIsNotSetFailsTheRunAndIsToldAtTheStart) {
  AgentConfig config = openai();
  config.header_env = {{"X-Tenant", "LOCKSTEP_TEST_NOT_SET"}};

  const Made made = make(config);

  EXPECT_EQ(made.warnings,
            (std::vector<AgentWarning>{{"key_unset", "a", "LOCKSTEP_TEST_NOT_SET"}}));
  EXPECT_EQ(requested(config),
            "A header of the agent has no value: set the environment variable "
            "LOCKSTEP_TEST_NOT_SET, and start the server again.");
}

TEST(Reach, TheRedactorKnowsEverySecretOfTheConfiguration) {
  const Variable key("LOCKSTEP_TEST_KEY", "key-of-variable");
  const Variable header("LOCKSTEP_TEST_TOKEN", "value-of-header");
  AgentConfig config = openai();
  config.api_key_env = "LOCKSTEP_TEST_KEY";
  config.header_env = {{"X-Tenant", "LOCKSTEP_TEST_TOKEN"}};
  config.headers = {{"X-Api-Key", "secret-in-the-file"}, {"X-Title", "no secret at all"}};
  config.proxy = "http://me:proxy%20pass@p.test:1";

  const Made made = make(config);

  ASSERT_TRUE(made.reach) << made.reach.error().detail;
  for (const std::string secret : {"key-of-variable", "value-of-header", "secret-in-the-file",
                                   "proxy pass", "bWU6cHJveHkgcGFzcw=="}) {
    EXPECT_EQ(made.reach->present_redactor().strike("x " + secret).find(secret), std::string::npos)
        << secret;
  }
  EXPECT_EQ(made.reach->present_redactor().strike("no secret at all"), "no secret at all");
  EXPECT_EQ(made.warnings,
            (std::vector<AgentWarning>{{"secret_in_file", "a", "headers.X-Api-Key"}}));
}

TEST(Reach, AWrongSettingIsNamedWithoutItsValue) {
  const Variable key("LOCKSTEP_TEST_KEY", "good-key-1");
  const Variable bad("LOCKSTEP_TEST_BAD", "hush\nhush");
  using Change = std::function<void(AgentConfig&)>;
  const std::pair<Change, std::string> wrong[] = {
      {[](AgentConfig& it) { it.headers = {{"Host", "x"}}; },
       "`headers.Host` is a header that the"},
      {[](AgentConfig& it) { it.headers = {{"content-length", "1"}}; },
       "`headers.content-length` "},
      {[](AgentConfig& it) { it.headers = {{"Transfer-Encoding", "x"}}; }, "`headers.Transfer-"},
      {[](AgentConfig& it) { it.headers = {{"X A", "x"}}; }, "`headers.X A` is not the name"},
      {[](AgentConfig& it) { it.headers = {{"", "x"}}; }, "`headers.` is not the name"},
      {[](AgentConfig& it) { it.headers = {{"X", "hush\r\nHost: y"}}; }, "`headers.X` has a line"},
      {[](AgentConfig& it) { it.headers = {{"X", "hüsh"}}; }, "`headers.X` has a line end"},
      {[](AgentConfig& it) { it.header_env = {{"X", "LOCKSTEP_TEST_BAD"}}; }, "`header_env.X` has"},
      {[](AgentConfig& it) {
         it.headers = {{"X-A", "x"}};
         it.header_env = {{"x-a", "LOCKSTEP_TEST_KEY"}};
       },
       "`header_env.x-a` is there twice"},
      {[](AgentConfig& it) {
         it.headers = {{"authorization", "x"}};
         it.api_key_env = "LOCKSTEP_TEST_KEY";
       },
       "`headers.authorization` is the header of the API key"},
      {[](AgentConfig& it) { it.api_key_header = "Api Key"; }, "`api_key_header` is not the name"},
      {[](AgentConfig& it) { it.api_key_header = "Host"; }, "`api_key_header` is a header that"},
      {[](AgentConfig& it) { it.api_key_env = "LOCKSTEP_TEST_BAD"; },
       "the variable LOCKSTEP_TEST_BAD of `api_key_env` has a line end"},
      {[](AgentConfig& it) {
         it.api_key_env = "LOCKSTEP_TEST_KEY";
         it.api_key_file = "/key";
       },
       "set `api_key_env` or `api_key_file`, not both"},
      {[](AgentConfig& it) { it.query = {{"", "x"}}; }, "`query` has a member without a name"},
      {[](AgentConfig& it) { it.proxy = "socks5://u:hush@p:1"; },
       "`proxy` must begin with http://"},
      {[](AgentConfig& it) { it.ca_file = "/no/such/file"; }, "`ca_file` /no/such/file can't be"}};
  for (const auto& [change, fault] : wrong) {
    AgentConfig config = openai();
    change(config);

    const Made made = make(config);

    ASSERT_FALSE(made.reach) << fault;
    EXPECT_EQ(made.reach.error().code, "invalid");
    EXPECT_TRUE(made.reach.error().detail.starts_with(fault)) << made.reach.error().detail;
    EXPECT_FALSE(made.reach.error().detail.contains("hush")) << made.reach.error().detail;
  }
}

TEST(Reach, AnAgentsOwnProxyCountsBeforeTheEnvironmentAndNoneSwitchesItOff) {
  const Variable proxy("https_proxy", "http://env.test:1");
  const auto host = [](const std::string& setting, const std::string& url) {
    AgentConfig config = openai(url);
    config.proxy = setting;
    const Made made = make(config);
    return made.reach && made.reach->proxy ? made.reach->proxy->host : "none";
  };

  EXPECT_EQ(host("", "https://model.test/v1"), "env.test");
  EXPECT_EQ(host("none", "https://model.test/v1"), "none");
  EXPECT_EQ(host("http://own.test:2", "https://model.test/v1"), "own.test");
  EXPECT_EQ(host("http://own.test:2", "http://127.0.0.1/v1"), "own.test");
}

TEST(Reach, AProxyThatAsksForAPasswordIsTold) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("407 Proxy Authentication Required", "", "who are you?");
               },
               answer_hello});
  stage.options.proxy = Proxy{stage.options.endpoint.host, stage.options.endpoint.port, "", ""};

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_proxy");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(Reach, AProxyWhoseServerIsDownIsAskedAgain) {
  const auto refuse = [](ServerPeer& peer) {
    peer.read_head();
    peer.send_answer("502 Bad Gateway", "", "");
  };
  Stage stage({refuse, refuse, refuse, refuse});
  const Endpoint proxy = stage.options.endpoint;
  stage.options.endpoint = *parse_endpoint("https://model.test/v1");
  stage.options.proxy = Proxy{proxy.host, proxy.port, "", ""};

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_proxy");
  EXPECT_EQ(stage.server.connections(), static_cast<int>(limits::tries_max));
}

}  // namespace
}  // namespace lockstep
