// SPDX-License-Identifier: Apache-2.0
// The server as a process: where it listens, how it stops, and which processes may use the folder
// next to it.
#include <gtest/gtest.h>

#include <csignal>

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
