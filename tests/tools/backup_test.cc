// SPDX-License-Identifier: Apache-2.0
// The verbs `backup` and `restore`, as the real binary, with and without a running server.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>

#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;

class BackupVerbs : public testing::Test {
 protected:
  BackupVerbs() {
    const Said said =
        lockstep({"import", "-", "--data", data_}, history_of(stopped_and_answered()));
    EXPECT_EQ(said.code, 0) << said.err;
  }
  Said back_up(std::vector<std::string> more = {}) {
    std::vector<std::string> line{"backup", "--data", data_, "--to", backups_};
    line.insert(line.end(), more.begin(), more.end());
    return lockstep(line);
  }
  Said restore(const std::string& to, std::vector<std::string> more = {}) {
    std::vector<std::string> line{"restore", "--from", backups_, "--data", to};
    line.insert(line.end(), more.begin(), more.end());
    return lockstep(line);
  }
  // Of the folder and all below it.
  static std::map<std::string, unsigned> modes_of(const std::string& path) {
    std::map<std::string, unsigned> modes;
    const auto add = [&modes](const fs::path& each) {
      modes[each] = static_cast<unsigned>(fs::status(each).permissions());
    };
    add(path);
    if (!fs::is_directory(path)) return modes;
    for (const auto& each : fs::recursive_directory_iterator(path)) add(each.path());
    return modes;
  }
  static void open_to_others(const std::string& path) {
    const auto open = [](const fs::path& each) {
      fs::permissions(each, static_cast<fs::perms>(fs::is_directory(each) ? 0755 : 0644));
    };
    open(path);
    if (!fs::is_directory(path)) return;
    for (const auto& each : fs::recursive_directory_iterator(path)) open(each.path());
  }
  static std::string shown(const std::string& data) {
    return lockstep({"show", "thread", "--events", "--data", data}).out;
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  std::string backups_ = folder_.path() + "/backups";
  std::string other_ = folder_.path() + "/other";
};

TEST_F(BackupVerbs, AStoreComesBackAsItWas) {
  const Said made = back_up();
  const Said restored = restore(other_);

  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("backup 1 of " + data_)) << made.out;
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_NE(restored.out.find("Epoch "), std::string::npos) << restored.out;
  EXPECT_NE(shown(data_), "");
  EXPECT_EQ(shown(other_), shown(data_));
  EXPECT_EQ(lockstep({"verify", "--data", other_}).code, 0);
}

TEST_F(BackupVerbs, TheAccountsAreJsonIfThatIsAsked) {
  const auto made = parse_json(back_up({"--json"}).out);
  const auto listed = parse_json(lockstep({"backup", "--list", "--to", backups_, "--json"}).out);
  const auto verified =
      parse_json(lockstep({"backup", "--verify", "--to", backups_, "--json"}).out);
  const auto restored = parse_json(restore(other_, {"--json"}).out);

  ASSERT_TRUE(made && listed && verified && restored);
  EXPECT_EQ(made->find("backup")->text, "1");
  EXPECT_NE(made->find("added_bytes")->text, "0");
  EXPECT_EQ(listed->find("backups")->items.at(0).find("commit")->text, made->find("commit")->text);
  EXPECT_TRUE(verified->find("ok")->boolean);
  EXPECT_EQ(restored->find("last_commit")->text, made->find("commit")->text);
  EXPECT_EQ(restored->find("cut")->text, made->find("commit")->text);
  EXPECT_EQ(restored->find("epoch")->text, made->find("epoch")->text);
  EXPECT_NE(restored->find("new_epoch")->text, made->find("epoch")->text);
}

TEST_F(BackupVerbs, OnlyTheNewestAreKeptAndAnyOfThemComesBack) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(back_up({"--keep", "2"}).code, 0);
  const Said third = back_up({"--keep", "2"});

  const Said listed = lockstep({"backup", "--list", "--to", backups_});

  EXPECT_EQ(listed.code, 0);
  EXPECT_EQ(std::ranges::count(listed.out, '\n'), 2) << listed.out;
  EXPECT_NE(third.out.find("\n1 older backup removed\n"), std::string::npos) << third.out;
  EXPECT_EQ(restore(other_, {"--backup", "1"}).code, 1);
  EXPECT_EQ(restore(other_, {"--backup", "2"}).code, 0);
}

TEST_F(BackupVerbs, DamageIsNamedAndNotRestored) {
  ASSERT_EQ(back_up().code, 0);
  for (const auto& file : fs::recursive_directory_iterator(backups_ + "/private")) {
    if (!file.path().filename().string().starts_with("MANIFEST")) continue;
    std::string bytes = read_whole(file.path());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    write_whole(file.path(), bytes);
  }

  const Said verified = lockstep({"backup", "--verify", "--to", backups_});
  const Said restored = restore(other_);

  EXPECT_EQ(verified.code, 1);
  EXPECT_NE(verified.out.find("MANIFEST"), std::string::npos) << verified.out;
  EXPECT_EQ(restored.code, 1);
  EXPECT_NE(restored.err.find("MANIFEST"), std::string::npos) << restored.err;
  EXPECT_NE(restored.err.find("--verify"), std::string::npos) << restored.err;
}

TEST_F(BackupVerbs, NothingIsWrittenOver) {
  ASSERT_EQ(back_up().code, 0);

  const Said over = restore(data_);
  const Said into = lockstep({"backup", "--data", data_, "--to", folder_.path()});

  EXPECT_EQ(over.code, 1);
  EXPECT_NE(over.err.find("not empty"), std::string::npos) << over.err;
  EXPECT_EQ(into.code, 1);
  EXPECT_NE(into.err.find("not a folder of backups"), std::string::npos) << into.err;
  EXPECT_EQ(lockstep({"verify", "--data", data_}).code, 0);
}

TEST_F(BackupVerbs, APathThatIsRefusedKeepsItsModes) {
  const std::string file = folder_.path() + "/letter.txt";
  const std::string home = folder_.path() + "/home";
  write_whole(file, "Dear store,");
  for (const char* name : {"meta", "private", "shared", "shared_checksum"}) {
    fs::create_directories(home + "/" + name);
    write_whole(home + "/" + name + "/letter.txt", "Dear store,");
  }
  for (const std::string& path : {file, home}) open_to_others(path);
  const auto expect_refused = [&](const std::string& by) {
    for (const std::string& path : {file, home}) {
      const auto before = modes_of(path);

      const Said said = lockstep({"backup", "--data", data_, "--to", path, "--keep", "1"});

      EXPECT_EQ(said.code, 1) << by << path << said.err;
      EXPECT_NE(said.err.find(path + " is "), std::string::npos) << by << said.err;
      EXPECT_EQ(modes_of(path), before) << by << path;
    }
  };

  expect_refused("the verb: ");
  Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");
  expect_refused("the server: ");
}

TEST_F(BackupVerbs, ABackupClosesTheOlderOnesToOtherUsers) {
  ASSERT_EQ(back_up().code, 0);
  const auto closed = modes_of(backups_);
  const auto expect_closed = [&](const std::string& by) {
    auto modes = modes_of(backups_);
    for (const auto& [path, mode] : closed) EXPECT_EQ(modes[path], mode) << by << path;
  };
  fs::permissions(backups_, static_cast<fs::perms>(0755));

  const Said one = back_up();
  expect_closed("the verb: ");
  open_to_others(backups_);
  const Said all = back_up();
  expect_closed("the verb: ");
  open_to_others(backups_);
  Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");
  EXPECT_EQ(back_up().code, 0);
  expect_closed("the server: ");

  EXPECT_EQ(closed.at(backups_), 0700U);
  EXPECT_NE(one.err.find("closed to other users: 1 file or folder in "), std::string::npos)
      << one.err;
  EXPECT_NE(all.err.find(" files and folders in "), std::string::npos) << all.err;
}

TEST_F(BackupVerbs, AMissingStoreOrBackupIsRefused) {
  const std::string none = folder_.path() + "/none";

  EXPECT_EQ(lockstep({"backup", "--data", none, "--to", backups_}).code, 3);
  EXPECT_EQ(lockstep({"backup", "--list", "--to", none}).code, 1);
  EXPECT_EQ(lockstep({"restore", "--from", none, "--data", other_}).code, 1);
  EXPECT_FALSE(fs::exists(none) || fs::exists(other_));
  EXPECT_EQ(lockstep({"backup", "--to", backups_}).code, 2);
  EXPECT_EQ(lockstep({"backup", "--list", "--verify", "--to", backups_}).code, 2);
  EXPECT_EQ(back_up({"--keep", "0"}).code, 2);
}

TEST_F(BackupVerbs, AServerMakesABackupWhileItServes) {
  Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");

  const Said first = back_up();
  const Said second = back_up({"--json"});
  const Said over = restore(data_);

  EXPECT_EQ(first.code, 0) << first.err;
  const auto account = parse_json(second.out);
  ASSERT_TRUE(account.has_value()) << second.out << second.err;
  EXPECT_EQ(account->find("backup")->text, "2");
  EXPECT_EQ(over.code, 3) << over.err;
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_FALSE(fs::exists(data_ + "/control"));
  ASSERT_EQ(restore(other_).code, 0);
  EXPECT_EQ(shown(other_), shown(data_));
}

TEST_F(BackupVerbs, ASocketThatADeadServerLeftIsNoHindrance) {
  {
    Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
    ASSERT_NE(server.line(), "");
    server.signal(SIGKILL);
    ASSERT_EQ(server.wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(fs::exists(data_ + "/control"));

  EXPECT_EQ(back_up().code, 0);
  Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");
  EXPECT_EQ(back_up().code, 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

TEST_F(BackupVerbs, AnUnfinishedRestoreIsNotServed) {
  ASSERT_EQ(back_up().code, 0);
  fs::create_directories(other_ + "/rocks.part");

  const Said served = lockstep({"serve", "--data", other_, "--listen", "127.0.0.1:0"});

  EXPECT_NE(served.code, 0);
  EXPECT_NE(served.err.find("cut short"), std::string::npos) << served.err;
  EXPECT_EQ(restore(other_).code, 0);
  EXPECT_EQ(lockstep({"verify", "--data", other_}).code, 0);
}

}  // namespace
}  // namespace lockstep::test
