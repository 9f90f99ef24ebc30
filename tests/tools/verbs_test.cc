// SPDX-License-Identifier: Apache-2.0
// The answers of the verbs on a small store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "server/inference/agent_config.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"

namespace lockstep::test {
namespace {

// A store that holds the story of a stopped run.
class Verbs : public testing::Test {
 protected:
  Verbs() {
    const std::string file = folder_.path() + "/history.jsonl";
    write_whole(file, history_of(stopped_and_answered()));
    const Said said = lockstep({"import", file, "--data", data_});
    EXPECT_EQ(said.code, 0) << said.err;
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
};

TEST_F(Verbs, ShowListsTheThreads) {
  const Said text = lockstep({"show", "--data", data_});
  const Said json = lockstep({"show", "--data", data_, "--json"});

  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("How far is the moon?"), std::string::npos) << text.out;
  EXPECT_EQ(text.out.find('\x1b'), std::string::npos) << "no colour into a file";
  const auto parsed = parse_json(json.out);
  ASSERT_TRUE(parsed.has_value()) << json.out;
  EXPECT_EQ(parsed->find("owner")->text, "ann");
  EXPECT_EQ(parsed->find("thread")->find("id")->text, "thread");
}

TEST_F(Verbs, OutputThatFindsNoRoomIsAFailureHoweverShortItIs) {
  for (const char* verb : {"show", "verify", "export --all"}) {
    const std::string line = std::string(LOCKSTEP_BINARY) + " " + verb + " --data " + data_ +
                             " >/dev/full 2>" + folder_.path() + "/said";
    const int ended = std::system(line.c_str());
    EXPECT_EQ(WEXITSTATUS(ended), 1) << verb;
    EXPECT_NE(read_whole(folder_.path() + "/said").find("No space left"), std::string::npos)
        << verb;
  }
}

TEST_F(Verbs, ATokenFileIsARegularFile) {
  for (const std::string& file : {folder_.path(), std::string("/dev/full")}) {
    const Said said = lockstep({"token", "create", "phone", "--user", "ann", "--file", file});
    EXPECT_EQ(said.code, 1) << file;
    EXPECT_NE(said.err.find(file), std::string::npos) << said.err;
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(Verbs, ShowDrawsTheTreeWithRunsAndStatuses) {
  const Said said = lockstep({"show", "thread", "--data", data_});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_NE(said.out.find("assistant a1 run r1 stopped"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("It is about"), std::string::npos) << said.out;
  EXPECT_EQ(said.out.find("384,000"), std::string::npos) << "what was cut is not shown";
  EXPECT_NE(said.out.find("assistant a2 run r2 ◀ head"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("completed"), std::string::npos) << said.out;
}

TEST_F(Verbs, ShowGoesBackInTime) {
  const Story story = stopped_and_answered();
  const Timestamp before_the_stop(story.entries()[3].at);

  const Said then = lockstep({"show", "thread", "--data", data_, "--message", "a1", "--at",
                              std::to_string(before_the_stop.get()), "--json"});
  const Said now = lockstep({"show", "thread", "--data", data_, "--message", "a1", "--json"});

  EXPECT_NE(then.out.find("\"It is about 384,000 km away.\""), std::string::npos) << then.out;
  EXPECT_NE(now.out.find("\"It is about\""), std::string::npos) << now.out;
}

TEST_F(Verbs, ShowListsEntries) {
  const std::size_t entries = stopped_and_answered().entries().size();

  const Said text = lockstep({"show", "thread", "--data", data_, "--events"});
  const Said json = lockstep({"show", "thread", "--data", data_, "--events", "--json"});

  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text.out, '\n')), entries);
  EXPECT_NE(text.out.find("message_cut"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("run r1/1 seq 1"), std::string::npos) << text.out;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < json.out.size(); ++lines) {
    const std::size_t end = json.out.find('\n', at);
    EXPECT_TRUE(parse_json(json.out.substr(at, end - at)).has_value());
    at = end + 1;
  }
  EXPECT_EQ(lines, entries);
}

TEST_F(Verbs, AMissingThreadMessageOrRunIsNamed) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"show", "nobody"},
                                               {"show", "thread", "--message", "nobody"},
                                               {"show", "thread", "--at", "1"},
                                               {"replay", "nobody"},
                                               {"context", "thread", "nobody"},
                                               {"export", "nobody"}}) {
    std::vector<std::string> whole = line;
    whole.insert(whole.end(), {"--data", data_});
    const Said said = lockstep(whole);

    EXPECT_EQ(said.code, 1) << testing::PrintToString(line) << said.err;
    EXPECT_NE(said.err.find("lockstep: "), std::string::npos);
  }
}

TEST_F(Verbs, ContextShowsTheInputOfTheModel) {
  const Said text = lockstep({"context", "thread", "r2", "--data", data_});
  const Said json = lockstep({"context", "thread", "r2", "--data", data_, "--json"});

  EXPECT_EQ(text.code, 0) << text.err;
  const auto parsed = parse_json(json.out);
  ASSERT_TRUE(parsed.has_value()) << json.out;
  const std::vector<JsonValue>& path = parsed->find("path")->items;
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(path[1].find("parts")->items[0].find("text")->text, "It is about");
  EXPECT_EQ(path[2].find("id")->text, "u2");
  EXPECT_NE(parsed->find("repairs"), nullptr);
}

TEST_F(Verbs, MarkdownIsThePathToTheHead) {
  const Said said = lockstep({"export", "thread", "--format", "markdown", "--data", data_});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(said.out.starts_with("# How far is the moon?\n")) << said.out;
  EXPECT_NE(said.out.find("## Assistant, stopped\n\n> It is about\n"), std::string::npos)
      << said.out;
}

TEST_F(Verbs, NothingThatAUserWroteReachesTheTerminalAsAnOrder) {
  const std::string file = folder_.path() + "/hostile.jsonl";
  const std::string hostile = "a\\u001b]0;title\\u0007 \\u009b2J \\u007f \\u202eb\\u2066c";
  write_whole(file,
              "{\"thread\":\"evil\",\"message\":{\"id\":\"m1\",\"role\":\"user\",\"author\":\"" +
                  hostile + "\",\"text\":\"" + hostile + "\"}}\n");
  const Said taken =
      lockstep({"import", file, "--format", "messages", "--user", "ann", "--data", data_});
  ASSERT_EQ(taken.code, 0) << taken.err;

  const std::vector<std::vector<std::string>> lines{{"show"},
                                                    {"show", "--json"},
                                                    {"show", "evil"},
                                                    {"show", "evil", "--json"},
                                                    {"show", "evil", "--events"},
                                                    {"show", "evil", "--events", "--json"},
                                                    {"show", "evil", "--message", "m1"},
                                                    {"show", "evil", "--message", "m1", "--json"},
                                                    {"replay", "evil", "--speed", "0"},
                                                    {"replay", "evil", "--speed", "0", "--json"},
                                                    {"export", "evil"},
                                                    {"export", "evil", "--format", "messages"},
                                                    {"export", "evil", "--format", "markdown"}};
  for (std::vector<std::string> line : lines) {
    line.insert(line.end(), {"--data", data_});
    const Said said = lockstep(line);

    EXPECT_EQ(said.code, 0) << testing::PrintToString(line) << said.err;
    for (const char* order : {"\x1b", "\x07", "\x7f", "\u009b", "\u202e", "\u2066"}) {
      EXPECT_EQ((said.out + said.err).find(order), std::string::npos)
          << testing::PrintToString(line) << testing::PrintToString(order);
    }
  }
}

TEST_F(Verbs, ExportsCanBePutTogether) {
  const Said one = lockstep({"export", "thread", "--data", data_});
  const std::string file = folder_.path() + "/two.jsonl";
  write_whole(file, one.out + one.out);

  const Said said = lockstep({"import", file, "--data", folder_.path() + "/again"});

  EXPECT_EQ(said.code, 0) << said.err;
}

TEST(Token, IsShownOnceAndKeptAsAHash) {
  const TempFolder folder;
  const std::string file = folder.path() + "/tokens";

  const Said made = lockstep({"token", "create", "phone", "--user", "ann", "--file", file});
  const Said again = lockstep({"token", "create", "phone", "--user", "ann", "--file", file});
  const Said more = lockstep({"token", "create", "laptop", "--user", "bob", "--file", file});
  const Said listed = lockstep({"token", "list", "--file", file});
  const Said revoked = lockstep({"token", "revoke", "phone", "--file", file});
  const Said after = lockstep({"token", "list", "--file", file});
  const Said unknown = lockstep({"token", "revoke", "phone", "--file", file});

  EXPECT_EQ(made.code, 0) << made.err;
  ASSERT_GT(made.out.size(), 60u);
  EXPECT_EQ(again.code, 1) << "the name is taken";
  EXPECT_EQ(more.code, 0) << more.err;
  EXPECT_EQ(listed.out, "laptop  bob\nphone  ann\n");
  EXPECT_EQ(read_whole(file).find(made.out.substr(0, 60)), std::string::npos);
  EXPECT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_EQ(after.out, "laptop  bob\n");
  EXPECT_EQ(unknown.code, 1);
}

}  // namespace
}  // namespace lockstep::test
