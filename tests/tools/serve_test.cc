// SPDX-License-Identifier: Apache-2.0
// The server as a process: where it listens, how it stops, and which processes may use the folder
// next to it.
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"

namespace lockstep::test {
namespace {

TEST(Serve, SaysWhereItListensAndStopsInOrder) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  Running server({"serve", "--data", data, "--listen", "127.0.0.1:0"});

  const std::string where = server.line();
  const std::string note = server.line();
  server.signal(SIGTERM);
  const int code = server.wait();

  EXPECT_TRUE(where.starts_with("lockstep 0.")) << where;
  EXPECT_NE(where.find(" listening on http://127.0.0.1:"), std::string::npos) << where;
  EXPECT_EQ(where.find("127.0.0.1:0 "), std::string::npos) << "the real port";
  EXPECT_NE(where.find("(data in " + data + ", agents: default (demo))"), std::string::npos)
      << where;
  EXPECT_NE(note.find("no token file"), std::string::npos) << note;
  EXPECT_EQ(code, 0);
}

TEST(Serve, ReadingVerbsWorkNextToItAndWritingOnesAreToldWhyNot) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  ASSERT_EQ(lockstep({"import", "-", "--data", data}, history_of(stopped_and_answered())).code, 0);
  Running server({"serve", "--data", data, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");

  const Said shown = lockstep({"show", "thread", "--data", data});
  const Said verified = lockstep({"verify", "--data", data});
  const Said rebuilt = lockstep({"rebuild", "--data", data});
  const Said imported = lockstep({"import", "-", "--data", data}, "");

  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_EQ(rebuilt.code, 3);
  EXPECT_NE(rebuilt.err.find("Stop the server"), std::string::npos) << rebuilt.err;
  EXPECT_EQ(imported.code, 3);
  EXPECT_NE(imported.err.find("Stop the server"), std::string::npos) << imported.err;
}

constexpr const char* reached_agents = R"([agents.azure]
kind = "openai"
base_url = "https://x.openai.azure.com/openai/v1/"
model = "gpt"
api_key_env = "LOCKSTEP_TEST_AZURE"
api_key_header = "api-key"
proxy = "http://me:hush-hush@proxy.test:3128"
context_tokens = 8192
when_too_long = "drop_oldest"
think_tags = "open"
reasoning = "with_calls"
prefill = true
models = ["small", "large"]
params_allowed = ["seed", "max_tokens"]
params = '{"max_tokens": 500}'
runs_at_once = 4
[agents.azure.query]
api-version = "preview"
[agents.azure.header_env]
X-Tenant = "LOCKSTEP_TEST_TENANT"
[agents.azure.headers]
X-Title = "quiet-title"
[agents.writer]
kind = "push"
)";

TEST(Serve, ExplainsAConfigurationWithoutServingItOrTellingASecret) {
  const TempFolder folder;
  const std::string file = folder.path() + "/lockstep.toml";
  write_whole(file, reached_agents);

  const Said said = lockstep({"serve", "--check-config", "--config", file}, "",
                             {"LOCKSTEP_TEST_AZURE=hush-hush-key"});

  EXPECT_EQ(said.code, 0) << said.err;
  for (const std::string line :
       {"listen=127.0.0.1:7717\n", "\nagent azure: openai\n",
        "  server    https://x.openai.azure.com/openai/v1/chat/completions\n",
        "  query     api-version\n",
        "  proxy     http://proxy.test:3128, with a user, from `proxy`\n",
        "  key       the variable LOCKSTEP_TEST_AZURE, set; sent as `api-key`\n",
        "  headers   X-Title, X-Tenant (the variable LOCKSTEP_TEST_TENANT)\n",
        "  trusts    the system's authorities\n",
        "  times     connect 10 s, first token 600 s, between tokens 600 s, comments only 900 s\n",
        "  context   8192 tokens; a longer request: without its oldest turns\n",
        "  thinking  an answer is reasoning up to </think>\n",
        "  thoughts  of earlier answers go back: with_calls\n",
        "  prefill   a continued answer is the last turn of its request\n",
        "  models    a run may choose: small, large\n",
        "  params    a run may set: seed, max_tokens, at most 500 tokens\n",
        "  slots     4 runs at once; more wait\n",
        "  warning   key_unset: LOCKSTEP_TEST_TENANT; set the variable", "\nagent writer: push\n",
        "\nThe configuration is good.\n"}) {
    EXPECT_TRUE(said.out.contains(line)) << line << said.out;
  }
  for (const std::string secret : {"hush", "quiet-title"}) {
    EXPECT_FALSE((said.out + said.err).contains(secret)) << said.out << said.err;
  }
}

// The indented blocks of a document.
std::vector<std::string> blocks_of(const std::string& document) {
  std::istringstream lines(document);
  std::vector<std::string> blocks(1);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("    ")) {
      blocks.back() += line.substr(4) + "\n";
    } else if (!line.empty() && !blocks.back().empty()) {
      blocks.emplace_back();
    }
  }
  if (blocks.back().empty()) blocks.pop_back();
  return blocks;
}

TEST(Serve, TheBlocksOfTheManualOfAgentsAreGoodConfigurations) {
  const TempFolder folder;
  const std::string file = folder.path() + "/lockstep.toml";
  auto blocks = blocks_of(read_whole(std::string(LOCKSTEP_SOURCE_DIR) + "/docs/agents.md"));
  // The others are commands and programs.
  std::erase_if(blocks, [](const std::string& block) { return !block.contains("[agents."); });

  EXPECT_GE(blocks.size(), 7u);
  for (const std::string& block : blocks) {
    write_whole(file, block);

    const Said said = lockstep({"serve", "--check-config", "--config", file});

    // This machine lacks only the files that a block names.
    const bool lacks_files = block.contains("_file = ") && said.err.contains("can't be read");
    EXPECT_TRUE(said.code == 0 || lacks_files) << block << said.err;
    EXPECT_TRUE(said.out.contains("agent ") || lacks_files) << block << said.out;
  }
}

TEST(Serve, AConfigurationThatIsWrongIsExplainedWithExitCodeOne) {
  const TempFolder folder;
  const std::string file = folder.path() + "/lockstep.toml";
  const std::string agent =
      "[agents.a]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"http://a.test/v1\"\n";
  const std::vector<std::pair<std::string, std::string>> files{
      {"colour = 1\n", "line 1: colour is not a known setting"},
      {agent + "proxy = \"socks5://u:hush@p\"\n", "line 1: agents.a: `proxy` must begin with"},
      {agent + "ca_file = \"/no/such\"\n", "line 1: agents.a: `ca_file` /no/such can't be read"},
      {agent + "[agents.a.headers]\nHost = \"hush\"\n", "`headers.Host` is a header that the"},
      {agent + "[agents.a.headers]\nX = 1\n", "line 5: agents.a.headers must be a table of texts"},
      {"tokens = \"/no/such\"\n", "/no/such"},
      {"listen = \"0.0.0.0:1\"\n", "0.0.0.0"}};
  for (const auto& [text, fault] : files) {
    write_whole(file, text);

    const Said said = lockstep({"serve", "--check-config", "--config", file});

    EXPECT_EQ(said.code, 1) << text;
    EXPECT_TRUE(said.err.contains(fault)) << said.err;
    EXPECT_FALSE(said.err.contains("hush")) << said.err;
  }
}

TEST(Serve, AWrongSettingIsNamedWithItsFileAndLine) {
  const TempFolder folder;
  const std::string file = folder.path() + "/lockstep.toml";
  const std::vector<std::pair<const char*, const char*>> files{
      {"colour = \"red\"\n", " line 1: colour is"},
      {"log_level = \"info\"\n[limits]\nspeed = 1\n", " line 3: limits.speed is"},
      {"\n[agents.a]\nkind = \"parrot\"\n", " line 3: agents.a.kind must be"},
      {"[agents.a]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"x\"\nspeed = 1\n",
       " line 5: agents.a.speed is not a known setting"},
      {"[agents.a]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"x\"\n", " line 1: agents.a: "},
      {"\n\n[agents.a]\nkind = \"demo\"\nrate = 0\n", " line 5: agents.a.rate must be"},
      {"[agents.a]\nmodel = \"m\"\n", " line 1: agents.a.kind is missing"},
      {"[agents.a]\nkind = \"demo\"\nkind = \"demo\"\n", " line 3: "},
  };
  for (const auto& [toml, named] : files) {
    write_whole(file, toml);

    const Said said = lockstep(
        {"serve", "--data", folder.path() + "/data", "--config", file, "--listen", "127.0.0.1:0"});

    EXPECT_EQ(said.code, 2) << toml << said.err;
    EXPECT_NE(said.err.find(file + named), std::string::npos) << said.err;
  }
}

}  // namespace
}  // namespace lockstep::test
