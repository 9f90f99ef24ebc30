// SPDX-License-Identifier: Apache-2.0
// Every verb refuses an unusable folder with the same exit code, and names the folder and the next
// step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "engine/rocks/rocks_keys.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int done = 0;
constexpr int failed = 1;
constexpr int store = 3;

class FolderRefusals : public testing::Test {
 protected:
  FolderRefusals() { write_whole(history_, history_of(stopped_and_answered())); }
  void TearDown() override {
    // A folder that the test may not read can't be removed either.
    for (const std::string& closed : closed_) ::chmod(closed.c_str(), S_IRWXU);
  }

  // Each verb on the folder, as a person would type it; its output is written elsewhere.
  using Line = std::vector<std::string>;
  [[nodiscard]] std::vector<Line> reading() const {
    return {{"show", "--data", data_},
            {"show", "thread", "--data", data_},
            {"replay", "thread", "--speed", "0", "--data", data_},
            {"context", "thread", "r1", "--data", data_},
            {"export", "--all", "--data", data_},
            {"verify", "--data", data_}};
  }
  [[nodiscard]] std::vector<Line> needing() const {
    std::vector<Line> lines = reading();
    lines.push_back({"rebuild", "--data", data_});
    lines.push_back({"backup", "--data", data_, "--to", fresh()});
    lines.push_back({"salvage", "--from", data_, "--to", fresh()});
    return lines;
  }
  [[nodiscard]] Line import() const { return {"import", history_, "--data", data_}; }
  [[nodiscard]] Line serve() const { return {"serve", "--data", data_, "--listen", "127.0.0.1:0"}; }
  [[nodiscard]] std::vector<Line> all() const {
    std::vector<Line> lines = needing();
    lines.push_back(import());
    lines.push_back(serve());
    return lines;
  }
  [[nodiscard]] std::string fresh() const {
    return folder_.path() + "/fresh-" + std::to_string(++made_);
  }

  void make_store() const {
    const Said said = lockstep(import());
    ASSERT_EQ(said.code, done) << said.err;
  }
  // Tables in place of the write-ahead log.
  void rest() const {
    const Said said = lockstep({"rebuild", "--data", data_});
    ASSERT_EQ(said.code, done) << said.err;
  }
  void close(const std::string& path, mode_t mode = 0) {
    closed_.push_back(path);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0) << path;
  }

  // Each command ends with this code, prints this word, and advises a next step.
  using Run = std::function<Said(const Line&)>;
  static void expect_refused(
      const std::vector<Line>& lines, const std::string& word,
      const Run& run = [](const Line& line) { return lockstep(line); }) {
    for (const Line& line : lines) {
      const Said said = run(line);

      EXPECT_EQ(said.code, store) << testing::PrintToString(line) << said.err;
      EXPECT_THAT(said.err, HasSubstr(word)) << testing::PrintToString(line);
      EXPECT_THAT(said.err, testing::ContainsRegex("lockstep: .*\n  [^ ]"))
          << testing::PrintToString(line);
    }
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  std::string history_ = folder_.path() + "/history.jsonl";
  std::vector<std::string> closed_;
  mutable int made_ = 0;
};

TEST_F(FolderRefusals, WhereThereIsNoStoreEveryVerbThatNeedsOneSaysSo) {
  expect_refused(needing(), "there is no store in " + data_);
  fs::create_directory(data_);
  expect_refused(needing(), "there is no store in " + data_);

  EXPECT_TRUE(fs::is_empty(data_)) << "and makes none";
}

TEST_F(FolderRefusals, AFolderOfSomethingElseIsNoStoreForAnyVerb) {
  fs::create_directory(data_);
  write_whole(data_ + "/letter.txt", "Dear store,");

  expect_refused(all(), "letter.txt");
}

TEST_F(FolderRefusals, AFileIsNoStoreForAnyVerb) {
  write_whole(data_, "Dear store,");

  expect_refused(all(), data_ + " is a file");
}

TEST_F(FolderRefusals, AnOpenStoreCanBeReadAndNotWritten) {
  make_store();
  Running server(serve());
  ASSERT_NE(server.line(), "");

  for (const Line& line : reading()) {
    EXPECT_EQ(lockstep(line).code, done) << testing::PrintToString(line);
  }
  EXPECT_EQ(lockstep({"backup", "--data", data_, "--to", fresh()}).code, done);
  expect_refused({serve(),
                  import(),
                  {"rebuild", "--data", data_},
                  {"salvage", "--from", data_, "--to", fresh()}},
                 "open in another process");
}

TEST_F(FolderRefusals, AStoreOfAnUnknownFormatIsRefusedByName) {
  make_store();
  tamper(data_, [](const Kv&, KvBatch& batch) {
    batch.put(KvTable::meta, std::string(format_key), encode_number(log_format_version + 1));
  });

  expect_refused(all(), "format " + std::to_string(log_format_version + 1));
}

TEST_F(FolderRefusals, AMissingFileIsNamedAndSoIsTheCommandThatHelps) {
  make_store();
  rest();
  // A second table of the log: then a start does not fail at once.
  const std::string more =
      R"({"user":"ann","thread":"more","message":{"id":"m","role":"user","text":"hello"}})";
  ASSERT_EQ(lockstep({"import", "-", "--format", "messages", "--data", data_}, more).code, done);
  rest();
  const std::string whole = folder_.path() + "/whole";
  fs::copy(data_, whole, fs::copy_options::recursive);
  // One of each way to open it.
  const std::vector<Line> lines{reading().front(),
                                {"verify", "--data", data_},
                                {"backup", "--data", data_, "--to", fresh()},
                                import(),
                                serve()};
  int tables = 0;
  for (const auto& file : fs::directory_iterator(whole + "/rocks")) {
    if (file.path().extension() != ".sst") continue;
    ++tables;
    const std::string gone = data_ + "/rocks/" + file.path().filename().string();
    fs::remove_all(data_);
    fs::copy(whole, data_, fs::copy_options::recursive);
    fs::remove(gone);
    for (const Line& line : lines) {
      const Said said = lockstep(line);

      const std::string told = said.out + said.err;
      const bool lists = line[0] == "verify" && said.code == failed;
      EXPECT_EQ(said.code, lists ? failed : store) << testing::PrintToString(line) << told;
      EXPECT_THAT(told, HasSubstr(gone + " is missing")) << testing::PrintToString(line);
      EXPECT_THAT(told, testing::ContainsRegex("lockstep (rebuild|salvage)"));
      EXPECT_THAT(told, testing::Not(HasSubstr(".ldb")));
    }
  }
  EXPECT_GE(tables, 4);
}

TEST_F(FolderRefusals, EveryVerbNamesAClosedPathWithItsOwner) {
  make_store();
  rest();
  std::vector<std::string> paths{data_, data_ + "/rocks", data_ + "/lock", data_ + "/commits",
                                 data_ + "/rocks/CURRENT"};
  for (const auto& file : fs::directory_iterator(data_ + "/rocks")) {
    if (file.path().extension() == ".sst") paths.push_back(file.path().string());
  }

  for (const std::string& path : paths) {
    const mode_t before = fs::is_directory(path) ? S_IRWXU : S_IRUSR | S_IWUSR;
    close(path);
    expect_refused(all(), path + ": permission denied: it belongs to ", lockstep_without_rights);
    ASSERT_EQ(::chmod(path.c_str(), before), 0);
  }
}

TEST_F(FolderRefusals, AFolderThatCantBeReachedIsNotSaidToBeMissing) {
  data_ = folder_.path() + "/home/data";
  fs::create_directory(folder_.path() + "/home");
  make_store();
  close(folder_.path() + "/home");

  expect_refused(all(), folder_.path() + "/home: permission denied", lockstep_without_rights);
}

TEST_F(FolderRefusals, ARelativePathIsGoneFromTheWorkingFolderAsTheSystemGoesIt) {
  const std::string home = folder_.path() + "/home";
  const std::string own = home + "/own";
  fs::create_directories(own);
  close(home);
  // The user is in a folder of its own, and may not go through the one above.
  for (const std::string data : {"data", "deep/data", "./other/"}) {
    const Said made = lockstep_without_rights_in(own, {"import", history_, "--data", data});
    const Said shown = lockstep_without_rights_in(own, {"show", "thread", "--data", data});

    EXPECT_EQ(made.code, done) << data << made.err;
    EXPECT_EQ(shown.code, done) << data << shown.err;
  }
  close(own, S_IRUSR | S_IXUSR);
  const Said closed = lockstep_without_rights_in(own, {"import", history_, "--data", "new"});

  EXPECT_EQ(closed.code, store);
  EXPECT_THAT(closed.err, HasSubstr(own + ": permission denied")) << "as it is found from anywhere";
  ASSERT_EQ(::chmod(home.c_str(), S_IRWXU), 0);
}

TEST_F(FolderRefusals, AFileInTheWayIsSaidToBeOne) {
  const std::string file = folder_.path() + "/file";
  write_whole(file, "Dear store,");
  for (const mode_t mode : {0644, 0}) {
    close(file, mode);
    for (const std::string below : {"/x", "/x/y"}) {
      data_ = file + below;

      expect_refused(all(), file + " is a file, not a folder", lockstep_without_rights);
      expect_refused(needing(), "there is no store in " + data_, lockstep_without_rights);
    }
  }
}

TEST_F(FolderRefusals, LinksInsideAStoreAreNotFollowed) {
  make_store();
  const std::string elsewhere = folder_.path() + "/elsewhere";
  fs::create_directory(elsewhere);
  write_whole(elsewhere + "/secret", "");
  close(elsewhere + "/secret");
  fs::create_directory_symlink(elsewhere, data_ + "/rocks/away");
  const Said away = lockstep_without_rights({"show", "thread", "--data", data_});
  // Two of these lead to a million million paths.
  for (const char* name : {"/rocks/a", "/rocks/b"}) fs::create_directory_symlink(".", data_ + name);
  const Said round = lockstep_without_rights({"show", "thread", "--data", data_});

  EXPECT_EQ(away.code, done) << away.err;
  EXPECT_EQ(round.code, done) << round.err;
}

TEST_F(FolderRefusals, ADatabaseOnAnotherDiskIsLookedAtBehindItsLink) {
  make_store();
  rest();
  const std::string elsewhere = folder_.path() + "/elsewhere";
  fs::rename(data_ + "/rocks", elsewhere);
  fs::create_directory_symlink(elsewhere, data_ + "/rocks");
  EXPECT_EQ(lockstep({"show", "thread", "--data", data_}).code, done);
  close(elsewhere + "/CURRENT");

  expect_refused(all(), "/rocks/CURRENT: permission denied", lockstep_without_rights);
}

TEST_F(FolderRefusals, AStoreThatMayOnlyBeReadIsReadAndNotWritten) {
  make_store();
  close(data_, S_IRUSR | S_IXUSR);

  for (const Line& line : reading()) {
    EXPECT_EQ(lockstep_without_rights(line).code, done) << testing::PrintToString(line);
  }
  expect_refused({serve(), import(), {"rebuild", "--data", data_}}, data_ + ": permission denied",
                 lockstep_without_rights);
}

TEST_F(FolderRefusals, NothingIsWrittenIntoTheFolderThatIsRead) {
  make_store();
  const std::string backups = folder_.path() + "/backups";
  ASSERT_EQ(lockstep({"backup", "--data", data_, "--to", backups}).code, done);
  const std::string link = folder_.path() + "/link";
  fs::create_directory_symlink(data_, link);
  const auto names = [](const std::string& folder) {
    std::vector<std::string> all;
    for (const auto& each : fs::recursive_directory_iterator(folder)) all.push_back(each.path());
    // Leaves out the files that RocksDB writes when it opens.
    std::erase_if(all, [](const std::string& path) {
      return fs::path(path).parent_path().filename() == "rocks";
    });
    std::ranges::sort(all);
    return all;
  };

  for (const std::string place : {"", "/", "/rocks", "/new", "/new/deeper", "/new/../new"}) {
    std::vector<Line> lines{{"backup", "--data", data_, "--to", data_ + place},
                            {"backup", "--data", data_, "--to", link + place},
                            {"restore", "--from", backups, "--data", backups + place},
                            {"salvage", "--from", data_, "--to", link + place},
                            {"export", "--all", "--data", data_, "--out", data_ + place}};
    const auto before = std::pair(names(data_), names(backups));
    for (const Line& line : lines) {
      const Said said = lockstep(line);

      EXPECT_EQ(said.code, failed) << testing::PrintToString(line) << said.err;
      EXPECT_THAT(said.err, testing::ContainsRegex("(is|lies in) the folder .*\n  Name a place"));
    }
    EXPECT_EQ(names(data_), before.first) << place;
    EXPECT_EQ(names(backups), before.second) << place;
  }
}

TEST_F(FolderRefusals, ABackupIntoTheServersOwnFolderIsRefusedByTheServer) {
  make_store();
  Running server(serve());
  ASSERT_NE(server.line(), "");

  const Said said = lockstep({"backup", "--data", data_, "--to", data_ + "/backups"});

  EXPECT_EQ(said.code, failed) << said.err;
  EXPECT_THAT(said.err, HasSubstr("lies in the folder " + data_));
  EXPECT_FALSE(fs::exists(data_ + "/backups"));
}

TEST_F(FolderRefusals, AFileOfTheStoreIsNotImportedIntoIt) {
  make_store();
  write_whole(data_ + "/more.jsonl", "");

  const Said said = lockstep({"import", data_ + "/more.jsonl", "--data", data_});

  EXPECT_EQ(said.code, failed) << said.err;
  EXPECT_THAT(said.err, HasSubstr("lies in the folder " + data_));
}

TEST_F(FolderRefusals, AFolderOfBackupsIsRefusedByTheSameRules) {
  make_store();
  const std::string backups = folder_.path() + "/backups";
  const std::vector<Line> lines{{"backup", "--list", "--to", backups},
                                {"backup", "--verify", "--to", backups},
                                {"restore", "--from", backups, "--data", fresh()}};
  for (const Line& line : lines) {
    const Said said = lockstep(line);

    EXPECT_EQ(said.code, failed) << said.err;
    EXPECT_THAT(said.err, HasSubstr("there are no backups in " + backups));
    EXPECT_THAT(said.err, HasSubstr("`lockstep backup --data DIR --to " + backups + "` makes"));
  }
  ASSERT_EQ(lockstep({"backup", "--data", data_, "--to", backups}).code, done);
  close(backups);
  const std::string shelf = folder_.path() + "/shelf";
  fs::create_directory(shelf);
  close(shelf, S_IRUSR | S_IXUSR);

  expect_refused(lines, backups + ": permission denied", lockstep_without_rights);
  expect_refused({{"backup", "--data", data_, "--to", shelf + "/backups"}},
                 shelf + ": permission denied", lockstep_without_rights);
}

}  // namespace
}  // namespace lockstep::test
