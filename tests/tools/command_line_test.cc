// SPDX-License-Identifier: Apache-2.0
// The command line of the binary: help, exit codes, and the errors of a wrong line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <tuple>

#include "server/inference/agent_config.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"

namespace lockstep::test {
namespace {

TEST(CommandLine, EveryVerbHasHelpWithAnExampleAndTheExitCodes) {
  for (const std::string verb :
       {"serve", "replay", "show", "context", "import", "export", "verify", "rebuild", "backup",
        "restore", "salvage", "token", "token create", "token list", "token revoke"}) {
    std::istringstream words(verb + " --help");
    const Said said = lockstep({std::istream_iterator<std::string>(words), {}});

    EXPECT_EQ(said.code, 0) << verb;
    EXPECT_NE(said.out.find("Example"), std::string::npos) << verb;
    EXPECT_NE(said.out.find("\n  lockstep " + verb + " "), std::string::npos) << said.out;
    EXPECT_NE(said.out.find("Exit codes: 0"), std::string::npos) << said.out;
    EXPECT_EQ(said.err, "") << verb;
  }
}

// The line of a text with this beginning; empty if the text has no such line.
std::string line_of(const std::string& text, const std::string& beginning) {
  const std::size_t at = text.find("\n" + beginning);
  return at == std::string::npos ? "" : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

TEST(CommandLine, TheHelpAndTheManualHaveEverySettingOfAnAgentWithItsDefault) {
  const std::string help = lockstep({"serve", "--help"}).out;
  const std::string manual = read_whole(std::string(LOCKSTEP_SOURCE_DIR) + "/docs/agents.md");

  EXPECT_GE(agent_settings().size(), 14u);
  for (const AgentSetting& setting : agent_settings()) {
    const std::string name(setting.name);
    const std::string fallback(setting.fallback);
    const std::string in_help = line_of(help, "  " + name + " ");
    const std::string in_manual = line_of(manual, "| `" + name + "` | ");

    EXPECT_TRUE(fallback.empty() || in_help.ends_with("[" + fallback + "]")) << name << in_help;
    EXPECT_NE(in_help, "") << name;
    const std::string shown = fallback.empty() ? "" : " | " + fallback + " | ";
    EXPECT_NE(in_manual.find(shown), std::string::npos) << name << in_manual;
    EXPECT_NE(in_manual, "") << name;
  }
}

// A default as the configuration file would have it.
AgentFields::mapped_type field_of(const std::string& fallback) {
  if (fallback == "true" || fallback == "false") return fallback == "true";
  if (fallback.find_first_not_of("0123456789") != std::string::npos) return fallback;
  return static_cast<std::int64_t>(std::stoll(fallback));
}

TEST(CommandLine, TheDefaultsOfAnAgentInTheHelpAreTheRealOnes) {
  const auto known = [](const AgentConfig& agent) {
    return std::tuple(agent.model_by_params, agent.send_names, agent.join_roles, agent.prefill,
                      agent.send_usage, agent.connect_timeout, agent.first_token_timeout,
                      agent.token_timeout, agent.keepalive_timeout, agent.silence_timeout,
                      agent.rate, agent.think_tags, agent.cache,
                      agent.when_too_long.value_or(WhenTooLong::refuse), agent.calls.answer_time,
                      agent.worker.claim_time, agent.worker.retries, agent.worker.attempts_max);
  };
  std::size_t defaults = 0;
  for (const AgentSetting& setting : agent_settings()) {
    if (setting.fallback.empty()) continue;
    ++defaults;
    const auto said =
        agent_config({{"kind", std::string("demo")},
                      {std::string(setting.name), field_of(std::string(setting.fallback))}});

    ASSERT_TRUE(said.has_value()) << setting.name << said.error().detail;
    EXPECT_EQ(known(*said), known(AgentConfig())) << setting.name;
  }
  EXPECT_EQ(defaults, std::tuple_size_v<decltype(known(AgentConfig()))>);
}

TEST(CommandLine, TheHelpNamesTheVerbsAndTheExitCodes) {
  const Said said = lockstep({"--help"});

  EXPECT_EQ(said.code, 0);
  for (const char* word : {"serve", "replay", "show", "context", "import", "export", "verify",
                           "rebuild", "backup", "restore", "token", "Exit codes", "NO_COLOR"}) {
    EXPECT_NE(said.out.find(word), std::string::npos) << word;
  }
}

TEST(CommandLine, SaysItsVersion) {
  const Said said = lockstep({"--version"});

  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out,
              testing::MatchesRegex("lockstep 0[.][0-9]+[.][0-9]+ [(][0-9a-f]+[+]?[)]\n"));
}

TEST(CommandLine, HelpIsAVerbToo) {
  EXPECT_EQ(lockstep({"help"}).out, lockstep({"--help"}).out);
  EXPECT_EQ(lockstep({"help", "backup"}).out, lockstep({"backup", "--help"}).out);
  EXPECT_EQ(lockstep({"help", "token", "list"}).out, lockstep({"token", "list", "--help"}).out);
  EXPECT_EQ(lockstep({"help"}).code, 0);
}

TEST(CommandLine, ALineThatIsNotWholeSaysWhereTheHelpIs) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines{
      {{}, "lockstep: a verb is missing\n  See `lockstep --help`."},
      {{"token"}, "lockstep: a verb is missing\n  See `lockstep token --help`."},
      {{"show"}, "lockstep: --data is required\n  See `lockstep show --help`."},
      {{"restore", "--from", "x"},
       "lockstep: --data is required\n  See `lockstep restore --help`."},
      {{"token", "create"}, "lockstep: name is required\n  See `lockstep token create --help`."},
      {{"token", "list", "--colour"},
       "lockstep: --file is required\n  See `lockstep token list --help`."},
  };
  for (const auto& [line, wanted] : lines) {
    const Said said = lockstep(line);

    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_EQ(said.err.substr(0, wanted.size()), wanted);
  }
}

TEST(CommandLine, AnAddressThatIsOpenToOthersIsRefusedBeforeAStoreIsMade) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";

  const Said open = lockstep({"serve", "--data", data, "--listen", "0.0.0.0:0"});
  const Said missing = lockstep({"serve", "--data", data, "--tokens", folder.path() + "/none"});

  EXPECT_EQ(open.code, 2) << open.err;
  EXPECT_EQ(missing.code, 2) << missing.err;
  for (const Said& said : {open, missing}) {
    EXPECT_NE(said.err.find("lockstep token create"), std::string::npos) << said.err;
  }
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST(CommandLine, AnUnreadableTokenFileIsNotToBeMadeAgain) {
  const TempFolder folder;
  const std::string tokens = folder.path() + "/tokens.toml";
  write_whole(tokens, "");
  std::filesystem::permissions(tokens, std::filesystem::perms::none);

  const Said said =
      lockstep_without_rights({"serve", "--data", folder.path() + "/data", "--tokens", tokens});

  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find(tokens + " can't be read: Permission denied"), std::string::npos)
      << said.err;
  EXPECT_EQ(said.err.find("token create"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("\n  Let the user that this runs as read it"), std::string::npos);
}

TEST(CommandLine, AnEmptyPathIsAnErrorOfUsageThatNamesTheOption) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines{
      {{"backup", "--data", "x", "--to", ""}, "--to is empty: name a folder\n"},
      {{"backup", "--list", "--to", ""}, "--to is empty: name a folder\n"},
      {{"backup", "--data", "", "--to", "x"}, "--data is empty: name a folder\n"},
      {{"restore", "--from", "", "--data", "x"}, "--from is empty: name a folder\n"},
      {{"restore", "--from", "x", "--data", ""}, "--data is empty: name a folder\n"},
      {{"salvage", "--from", "x", "--to", ""}, "--to is empty: name a folder\n"},
      {{"salvage", "--from", "", "--to", "x"}, "--from is empty: name a folder\n"},
      {{"export", "--all", "--data", "x", "--out", ""}, "--out is empty: name a file\n"},
      {{"import", "", "--data", "x"}, "file is empty: name a file\n"},
      {{"show", "--data", ""}, "--data is empty: name a folder\n"},
      {{"token", "list", "--file", ""}, "--file is empty: name a file\n"},
  };
  for (const auto& [line, wanted] : lines) {
    const Said said = lockstep(line);

    EXPECT_EQ(said.code, 2) << testing::PrintToString(line) << said.err;
    EXPECT_EQ(said.err.find("lockstep: " + wanted + "  See `lockstep " + line.front()), 0u)
        << testing::PrintToString(line) << said.err;
  }
}

TEST(CommandLine, AMissingTokenFileIsNamedWithTheCommandThatMakesOne) {
  const TempFolder folder;
  const std::string file = folder.path() + "/none";
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"token", "list", "--file", file}, {"token", "revoke", "phone", "--file", file}}) {
    const Said said = lockstep(line);

    EXPECT_EQ(said.code, 1) << said.err;
    EXPECT_THAT(said.err, testing::HasSubstr(file));
    EXPECT_THAT(said.err, testing::HasSubstr("\n  `lockstep token create NAME --user USER --file "
                                             "FILE` makes a token file."));
  }
}

TEST(CommandLine, AnUnknownVerbIsNamed) {
  const Said said = lockstep({"dance"});

  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find("`dance`"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("--help"), std::string::npos) << said.err;
}

TEST(CommandLine, NoErrorSendsAnArgumentsEscapesToTheTerminal) {
  const std::string hostile = "a\x1b[31mb\u009b2J\u202Ec";
  const std::vector<std::vector<std::string>> calls = {
      {hostile},
      {"show", hostile, "--data", "x"},
      {"show", "--data", hostile},
      {"show", "--" + hostile, "1"},
      {"show", "t", "--at", hostile, "--data", "x"},
      {"export", "--all", "--format", hostile, "--data", "x"},
      {"import", hostile, "--data", "x"},
      {"import", "-", "--user", hostile, "--data", hostile},
      {"serve", "--data", "x", "--config", hostile},
      {"serve", "--data", "x", "--listen", hostile},
      {"token", "create", hostile, "--user", "u", "--file", hostile},
      {"restore", "--from", hostile, "--data", hostile},
      {"backup", "--list", "--to", hostile},
      {"salvage", "--from", hostile, "--to", hostile},
  };
  for (const auto& call : calls) {
    const Said said = lockstep(call);

    EXPECT_NE(said.code, 0) << call.front();
    EXPECT_NE(said.err, "");
    for (const char* obeyed : {"\x1b", "\u009b", "\u202E"}) {
      EXPECT_EQ((said.err + said.out).find(obeyed), std::string::npos)
          << call.front() << ": " << said.err;
    }
  }
}

TEST(CommandLine, AWrongFlagIsNamedAsItWasTyped) {
  const Said said = lockstep({"serve", "--data", "x", "--log-json", "yes"});

  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find("--log-json must be"), std::string::npos) << said.err;
}

TEST(CommandLine, AnImportOfAFileThatIsNotThereTouchesNothing) {
  const TempFolder folder;
  const std::string file = folder.path() + "/nofile";

  const Said said = lockstep({"import", file, "--data", folder.path() + "/data"});

  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out, "") << "no account of nothing";
  EXPECT_EQ(said.err.find(file), said.err.rfind(file)) << "named once: " << said.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/data"));
}

TEST(CommandLine, ALinkToNothingIsSaidToBeOne) {
  const TempFolder folder;
  std::filesystem::create_symlink(folder.path() + "/gone", folder.path() + "/data");

  const Said said = lockstep({"serve", "--data", folder.path() + "/data"});

  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.err.find("link"), std::string::npos) << said.err;
}

TEST(CommandLine, AWrongLineIsAnErrorOfUsage) {
  const std::vector<std::vector<std::string>> lines{
      {},
      {"dance"},
      {"show", "--no-such-option", "--data", "x"},
      {"show"},
      {"show", "not an id", "--data", "x"},
      {"replay", "t", "--speed", "fast", "--data", "x"},
      {"export", "--format", "poem", "--all", "--data", "x"},
      {"export", "--data", "x"},
      {"serve"},
      {"serve", "--data", "x", "--listen", "nonsense"},
      {"serve", "--data", "x", "--listen", "0.0.0.0:0"},
      {"import", "x", "--format", "oasst", "--data", "x"},
  };
  for (const auto& line : lines) {
    const TempFolder folder;
    std::vector<std::string> inside = line;
    for (std::string& word : inside) {
      if (word == "x") word = folder.path() + "/x";
    }
    const Said said = lockstep(inside);

    EXPECT_EQ(said.code, 2) << testing::PrintToString(line) << said.out << said.err;
    EXPECT_EQ(said.out, "") << testing::PrintToString(line);
    EXPECT_NE(said.err, "") << testing::PrintToString(line);
  }
}

TEST(CommandLine, AFolderWithoutAStoreIsSaidToBeOne) {
  const TempFolder folder;

  for (const char* verb : {"show", "verify", "rebuild"}) {
    const Said said = lockstep({verb, "--data", folder.path() + "/none"});

    EXPECT_EQ(said.code, 3) << verb;
    EXPECT_NE(said.err.find("no store"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("--data DIR"), std::string::npos) << said.err;
  }
}

TEST(CommandLine, AFolderOfSomethingElseIsNotWrittenInto) {
  const TempFolder folder;
  write_whole(folder.path() + "/letter.txt", "Dear store,");

  const Said said = lockstep({"import", "-", "--data", folder.path()}, "");

  EXPECT_EQ(said.code, 3) << said.err;
  EXPECT_NE(said.err.find("letter.txt"), std::string::npos) << said.err;
}

}  // namespace
}  // namespace lockstep::test
