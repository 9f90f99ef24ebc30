// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/tidy_rules.h"
#include "tests/tidy_text.h"

// The house's linter: every file of the project obeys every rule, and every rule finds what it is
// for.

namespace lockstep::tidy {

namespace {

// Every text file of the project, by path; nothing that was built, installed or recorded.
std::vector<Source> read_tree(const std::string& root) {
  namespace fs = std::filesystem;
  static constexpr std::array skipped{View{"build"}, View{"node_modules"}, View{".git"},
                                      View{"data"},  View{"corpus"},       View{"dist"}};
  static constexpr std::array binary{View{".png"}, View{".bin"}, View{".zip"}, View{".jpg"}};
  std::vector<Source> tree;
  fs::recursive_directory_iterator it(root);
  for (; it != fs::recursive_directory_iterator(); ++it) {
    const std::string path = fs::relative(it->path(), root).generic_string();
    const bool skip = has(skipped, name_of(path));  // `.git` is a file in a linked work tree
    if (it->is_directory()) {
      if (skip) it.disable_recursion_pending();
      continue;
    }
    if (skip || contains_any(path, binary)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    tree.push_back({.path = path, .text = {std::istreambuf_iterator<char>(file), {}}});
  }
  std::ranges::sort(tree, {}, &Source::path);
  return tree;
}

const std::vector<Source>& house() {
  static const std::vector<Source> tree = read_tree(LOCKSTEP_SOURCE_DIR);
  return tree;
}

// The findings, a line each, in the form of a compiler; empty if there are none.
std::string report(const Findings& findings) {
  std::string text;
  for (const Finding& each : findings) {
    text += each.path + ":" + std::to_string(each.line) + ": " + each.what + "\n";
  }
  return text;
}

std::string over_the_house(Findings (*rule)(const Source&)) {
  std::string text;
  for (const Source& source : house()) text += report(rule(source));
  return text;
}

const Findings clean;

std::vector<std::size_t> lines_found(const Findings& findings) {
  std::vector<std::size_t> lines;
  for (const Finding& each : findings) lines.push_back(each.line);
  return lines;
}
using Lines = std::vector<std::size_t>;

// --- The house -----------------------------------------------------------------------------------

TEST(House, HasFiles) { EXPECT_TRUE(has(house(), "engine/live/engine.h", &Source::path)); }

TEST(House, EverySourceSaysItsLicence) { EXPECT_EQ(over_the_house(licence), ""); }
TEST(House, EveryHeaderOpensWithItsEssay) { EXPECT_EQ(over_the_house(essay), ""); }
TEST(House, NothingIsTooLong) { EXPECT_EQ(over_the_house(lengths), ""); }
TEST(House, FoldersIncludeOnlyAllowedFolders) { EXPECT_EQ(over_the_house(includes), ""); }
TEST(House, BannedWordsDoNotOccur) { EXPECT_EQ(over_the_house(words), ""); }
TEST(House, NumbersHaveNames) { EXPECT_EQ(over_the_house(numbers), ""); }
TEST(House, TestNamesAreSentences) { EXPECT_EQ(over_the_house(test_names), ""); }
TEST(House, NothingSpeaksOfOneMachine) { EXPECT_EQ(over_the_house(machine_paths), ""); }
TEST(House, ATypeHasOneDefinition) { EXPECT_EQ(report(types_defined_twice(house())), ""); }
TEST(House, NoFileIsDead) { EXPECT_EQ(report(dead_files(house())), ""); }

// --- The rules -----------------------------------------------------------------------------------

TEST(TidyText, CommentsAndLiteralsAreNotCode) {
  EXPECT_EQ(code_of("a; // b\nc"), "a;     \nc");
  EXPECT_EQ(code_of("a /* b\n b */ c"), "a     \n      c");
  EXPECT_EQ(code_of("a \"b\\\"b\" c 'b' d"), "a        c     d");
  EXPECT_EQ(code_of("1'000 + u8'b'"), "1'000 + u8   ");
  EXPECT_EQ(code_of("R\"(b\"b)\" c"), "R        c");
}

TEST(TidyText, AWordIsNotFoundInsideALongerOne) {
  EXPECT_FALSE(find_word("static_assert(x);", "assert("));
  EXPECT_FALSE(find_word("not_detached_yet", "detached"));
  EXPECT_EQ(find_word("net::detached)", "detached"), 5u);
}

TEST(TidyLicence, ASourceWithoutOneIsFound) {
  const std::string line = "// SPDX-License-Identifier: Apache-2.0\n";

  EXPECT_EQ(lines_found(licence({"engine/a.cc", "int x;\n"})), (Lines{1}));
  EXPECT_EQ(lines_found(licence({"scripts/a", "#!/bin/sh\necho\n"})), (Lines{2}));
  EXPECT_EQ(licence({"engine/a.cc", line + "int x;\n"}), clean);
  EXPECT_EQ(licence({"scripts/a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"}), clean);
  EXPECT_EQ(essay({"engine/a.h", line + "// a.h: it.\n//\n// Why.\n#pragma once\n"}), clean);
}

TEST(TidyEssay, AHeaderWithoutOneIsFound) {
  EXPECT_EQ(lines_found(essay({"engine/a.h", "#pragma once\nint x;\n"})), (Lines{1}));
  EXPECT_EQ(lines_found(essay({"engine/a.h", "// a.h: one line.\n#pragma once\n"})), (Lines{2}));
  EXPECT_EQ(lines_found(essay({"engine/a.h", "// a.h: it.\n//\n// Why.\nint x;\n"})), (Lines{0}));
  EXPECT_EQ(essay({"engine/a.h", "// a.h: it.\n//\n// Why.\n#pragma once\n"}), clean);
  EXPECT_EQ(essay({"engine/a.cc", "int x;\n"}), clean);
}

std::string lines_of_code(std::size_t count) {
  std::string text;
  for (std::size_t n = 0; n < count; ++n) text += "int x;\n";
  return text;
}

TEST(TidyLengths, ALineFunctionOrFileThatIsTooLongIsFound) {
  EXPECT_EQ(lines_found(lengths({"engine/a.h", lines_of_code(161)})), (Lines{0}));
  EXPECT_EQ(lengths({"engine/a.h", lines_of_code(160)}), clean);
  EXPECT_EQ(lines_found(lengths({"engine/a.cc", lines_of_code(401)})), (Lines{0}));
  EXPECT_EQ(lines_found(lengths({"engine/rules/event.h", lines_of_code(601)})), (Lines{0}));
  EXPECT_EQ(lines_found(lengths({"engine/a.cc", "\n" + std::string(101, 'x')})), (Lines{2}));
  EXPECT_EQ(lines_found(lengths({"engine/a.cc", "// --- Reads\n// -----------\n"})), (Lines{2}));
  EXPECT_EQ(lengths({"engine/a.cc", "  // --- Reads -----------\n"}), clean);
  EXPECT_EQ(lines_found(lengths({"server/CMakeLists.txt", lines_of_code(41)})), (Lines{0}));
}

TEST(TidyLengths, AColumnIsACharacterNotAByte) {
  std::string line = "// ";
  for (int n = 0; n < 97; ++n) line += "\u00fc";

  EXPECT_EQ(lengths({"engine/a.cc", line}), clean);
}

TEST(TidyIncludes, AForbiddenArrowIsFound) {
  const std::vector<Source> forbidden{
      {"engine/live/hub.cc", "#include <boost/asio.hpp>\n"},
      {"engine/live/hub.cc", "#include \"server/server.h\"\n"},
      {"engine/live/hub.cc", "#include \"engine/rocks/kv.h\"\n"},
      {"engine/live/hub.cc", "#include \"schema/event.capnp.h\"\n"},
      {"engine/live/hub.cc", "#include <unistd.h>\n"},
      {"engine/live/entry_rows.cc", "#include \"schema/event.capnp.h\"\n"},
      {"engine/rules/fold.cc", "#include \"engine/store/log.h\"\n"},
      {"engine/rules/fold.cc", "#include \"engine/base/executor.h\"\n"},
      {"engine/rules/fold.cc", "#include <thread>\n"},
      {"engine/base/ids.cc", "#include \"engine/rules/event.h\"\n"},
      {"engine/store/keys.cc", "#include \"engine/live/hub.h\"\n"},
      {"engine/rocks/kv.cc", "#include <boost/json.hpp>\n"},
      {"server/front/ws_session.cc", "#include <rocksdb/db.h>\n"},
      {"server/front/ws_session.cc", "#include \"server/inference/demo_agent.h\"\n"},
      {"server/inference/demo_agent.cc", "#include \"engine/live/engine.h\"\n"},
      {"tools/verbs/serve.cc", "#include \"tests/support/given.h\"\n"},
  };
  for (const Source& source : forbidden) {
    EXPECT_EQ(lines_found(includes(source)), (Lines{1})) << source.path << ": " << source.text;
  }
}

TEST(TidyIncludes, AFolderWithoutARuleIsFound) {
  EXPECT_EQ(lines_found(includes({"engine/sync/a.cc", "#include <vector>\n"})), (Lines{0}));
}

TEST(TidyIncludes, AnAllowedArrowIsNot) {
  const std::vector<Source> allowed{
      {"engine/live/hub.cc", "#include <vector>\n#include \"engine/live/hub.h\"\n"},
      {"engine/store/entry_codec.cc", "#include \"schema/event.capnp.h\"\n"},
      {"engine/rocks/kv.cc", "#include <rocksdb/db.h>\n#include \"engine/rocks/kv.h\"\n"},
      {"server/front/ws_session.cc",
       "#include <boost/asio.hpp>\n#include \"engine/live/engine.h\"\n"},
      {"server/inference/demo_agent.cc", "#include \"engine/rules/producer.h\"\n"},
      {"tools/verbs/serve.cc", "#include \"engine/rocks/rocks_kv.h\"\n"},
  };
  for (const Source& source : allowed) EXPECT_EQ(includes(source), clean);
}

TEST(TidyWords, ABannedWordIsFound) {
  const std::vector<Source> banned{
      {"engine/a.cc", "assert(x);"},
      {"server/a.cc", "asio::spawn(io, run(), asio::detached);"},
      {"engine/a.cc", "auto f = [=] { return x; };"},
      {"engine/a.cc", "Engine::instance().log();"},
      {"engine/a.cc", "thread_local int x;"},
      {"engine/a.cc", "std::mutex mutex_;"},
      {"tests/engine/a.cc", "std::this_thread::sleep_for(20ms);"},
      {"engine/a.cc", "auto now = std::chrono::system_clock::now();"},
      {"engine/a.cc", "int x = std::rand();"},
      {"server/a.cc", "std::random_device chance;"},
      {"engine/a.cc", "throw 1;"},
      {"server/a.cc", "try { f(); } catch (...) {}"},
      {"server/a.cc", "int x;  // FIXME"},
      {"server/a.cc", "int x;  // TODO(now): y"},
      {"server/a.cc", "const Reply reply = co_await ask();"},
      {"server/a.cc", "x();  // NOLINT"},
      {"engine/a.h", "awaitable<void> f() { co_await g(); }"},
      {"tools/a.cc", "co_return;"},
  };
  for (const Source& source : banned) {
    EXPECT_EQ(lines_found(words(source)), (Lines{1})) << source.text;
  }
}

TEST(TidyWords, TheNamedExceptionsAreNot) {
  const std::vector<Source> allowed{
      {"engine/a.cc", "static_assert(x); // assert(x), detached"},
      {"engine/rocks/commit_queue.h", "std::mutex mutex_;"},
      {"tools/base/system_clock.h", "auto now = std::chrono::system_clock::now();"},
      {"engine/store/entry_codec.cc", "} catch (const kj::Exception&) {"},
  };
  for (const Source& source : allowed) EXPECT_EQ(words(source), clean) << source.text;
}

TEST(TidyNumbers, ANumberAboveSixtyFourIsFound) {
  EXPECT_EQ(lines_found(numbers({"engine/a.cc", "int x = 64;\nint y = 65;\n"})), (Lines{2}));
  EXPECT_EQ(lines_found(numbers({"server/a.cc", "wait(3'000ms);"})), (Lines{1}));
  EXPECT_EQ(numbers({"engine/base/limits.h", "int x = 8192;"}), clean);
  EXPECT_EQ(numbers({"engine/a.cc", "x &= 0xffff; // 8192\ny = \"8192\"; sha256(z); w = 1000;"}),
            clean);
  EXPECT_EQ(numbers({"tests/a.cc", "int x = 8192;"}), clean);
}

TEST(TidyTestNames, ANameThatIsNoSentenceIsFound) {
  EXPECT_EQ(lines_found(test_names({"tests/a_test.cc", "TEST(Session, Test3) {"})), (Lines{1}));
  EXPECT_EQ(lines_found(test_names({"tests/a_test.cc", "TEST(Diff, Works) {"})), (Lines{1}));
  EXPECT_EQ(test_names({"tests/a_test.cc", "TEST(Diff, IsEmptyAtTheHead) {"}), clean);
}

TEST(TidyMachinePaths, APathOfOneMachineIsFound) {
  EXPECT_EQ(lines_found(machine_paths({"docs/a.md", "x\nsee /work/main\n"})), (Lines{2}));
  EXPECT_EQ(lines_found(machine_paths({"README.md", "cd /tmp/x"})), (Lines{1}));
  EXPECT_EQ(lines_found(machine_paths({"package-lock.json", "https://registry.npmjs.org/a"})),
            (Lines{1}));
  EXPECT_EQ(machine_paths({"tests/a.cc", "\"/tmp/x\""}), clean);
}

TEST(TidyTypes, ATypeWithTwoDefinitionsIsFound) {
  const auto source = [](const std::string& path, const std::string& text) {
    return Source{path, "namespace lockstep {\n" + text + "\n}  // namespace lockstep\n"};
  };
  const Source one = source("server/a.h", "struct Call {\n  int id;\n};");
  const auto with = [&](const std::string& text) {
    return lines_found(types_defined_twice(std::vector<Source>{one, source("tools/b.cc", text)}));
  };

  EXPECT_EQ(with("class Call final : public Other {\n};"), (Lines{2}));
  EXPECT_EQ(with("struct Call {};"), (Lines{2}));
  EXPECT_EQ(with("struct Caller {};\nclass Call;"), Lines());
  EXPECT_EQ(with("namespace {\nstruct Call {};\n}  // namespace"), Lines());
  EXPECT_EQ(with("namespace {\nint f() {\n}\n}  // namespace\nstruct Call {};"), (Lines{6}));
  EXPECT_EQ(with("namespace lockstep::other {\nstruct Call {};\n}"), Lines());
}

TEST(TidyDeadFiles, AFileThatIsNamedNowhereIsFound) {
  const std::vector<Source> tree{
      {"engine/CMakeLists.txt",
       "add_library(engine rules/fold.cc rocks/kv.cc)\nforeach(each loop)"},
      {"tests/rocks/CMakeLists.txt", "add_library(sim ../sim/disk.cc)"},
      {"tests/sim/disk.cc", ""},
      {"engine/rules/fold.cc", "#include \"engine/rules/fold.h\"\n"},
      {"engine/rules/fold.h", ""},
      {"engine/loop.cc", ""},
      {"engine/old.cc", ""},
      {"engine/old.h", ""},
      {"engine/rocks/kv.cc", ""},
  };

  const Findings found = dead_files(tree);

  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].path, "engine/old.cc");
  EXPECT_EQ(found[1].path, "engine/old.h");
}

}  // namespace
}  // namespace lockstep::tidy
