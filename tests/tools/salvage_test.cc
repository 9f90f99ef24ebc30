// SPDX-License-Identifier: Apache-2.0
// `lockstep salvage`, the refusals that name it, and tables that a rebuild drops and makes again.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/rocks_mend.h"
#include "engine/store/entry_codec.h"
#include "engine/store/epochs.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"
#include "tools/store/crash_mark_file.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;

class Salvage : public testing::Test {
 protected:
  Salvage() {
    const Said said = lockstep({"import", "-", "--data", data_}, history_of(story_));
    EXPECT_EQ(said.code, 0) << said.err;
  }

  Said salvage(std::vector<std::string> more = {}) const {
    std::vector<std::string> line{"salvage", "--from", data_, "--to", to_};
    line.insert(line.end(), more.begin(), more.end());
    return lockstep(line);
  }
  static Said serve(const std::string& data) {
    return lockstep({"serve", "--data", data, "--listen", "127.0.0.1:0"});
  }
  static bool starts(const std::string& data) {
    Running server({"serve", "--data", data, "--listen", "127.0.0.1:0"});
    const bool listens = server.line().starts_with("lockstep ");
    server.signal(SIGTERM);
    return server.wait() == 0 && listens;
  }
  static std::string events(const std::string& data) {
    return lockstep({"show", "thread", "--events", "--data", data}).out;
  }

  // A start turns the content of the write-ahead log into tables.
  void settle() const { EXPECT_TRUE(starts(data_)); }
  // The newest file of the database with this end of the name.
  [[nodiscard]] std::string file(std::string_view end) const {
    std::string newest;
    for (const auto& entry : fs::directory_iterator(data_ + "/rocks")) {
      const std::string path = entry.path().string();
      if (path.ends_with(end) && fs::file_size(path) > 0) newest = std::max(newest, path);
    }
    return newest;
  }
  // The files that a table's rows lie in.
  [[nodiscard]] std::vector<std::string> files_of(KvTable table) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(data_ + "/rocks")) {
      const std::string path = entry.path().string();
      if (!path.ends_with(".sst")) continue;
      // The name is among the table's own properties.
      const std::string name = "name" + std::string(name_of(table));
      if (read_whole(path).find(name) != std::string::npos) files.push_back(path);
    }
    return files;
  }
  static void flip(const std::string& path, std::size_t at) {
    std::string bytes = read_whole(path);
    bytes.at(at) = static_cast<char>(bytes[at] ^ 1);
    write_whole(path, bytes);
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  std::string to_ = folder_.path() + "/salvaged";
  Story story_ = stopped_and_answered();
};

TEST_F(Salvage, AWholeStoreLosesNothing) {
  const Said said = salvage();

  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_NE(said.out.find("nothing was left out"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("Epoch "), std::string::npos) << said.out;
  EXPECT_EQ(events(to_), events(data_));
  EXPECT_EQ(lockstep({"verify", "--data", to_}).code, 0);
  EXPECT_TRUE(starts(to_));
}

TEST_F(Salvage, FindsTheOlderCopyOfAnEntryThatWasWrittenOver) {
  tamper(data_, [&](const Kv& kv, KvBatch& batch) {
    const std::string key = encode_key({ThreadNumber(1), story_.entries()[3].at});
    std::string value = **kv.get(KvTable::log, key);
    value.back() = static_cast<char>(value.back() ^ 1);
    batch.put(KvTable::log, key, value);
  });

  const Said said = salvage();

  EXPECT_EQ(lockstep({"verify", "--data", data_}).code, 1);
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_EQ(lockstep({"verify", "--data", to_}).code, 0);
}

TEST_F(Salvage, LeavesOutEntriesBehindAMissingOneThoughTheyWouldFit) {
  Story story = story_;
  story.change(UpdateThread{"missing", {}, {}});
  story.change(UpdateThread{"behind it", {}, {}});
  const Entry& behind = story.entries().back();
  const ThreadState before = story.state_at(behind.previous);
  tamper(data_, [&](const Kv& kv, KvBatch& batch) {
    const LogKey last{ThreadNumber(1), story_.entries().back().at};
    const std::string value = **kv.get(KvTable::log, encode_key(last));
    const CommitNumber commit(decode_value(last, value)->commit.get() + 2);
    const LogKey key{ThreadNumber(1), behind.at};
    batch.put(KvTable::log, encode_key(key),
              encode_value(key, {commit, behind.previous, encode(behind, before)}));
  });

  const Said said = salvage();

  EXPECT_EQ(said.code, 1) << said.out << said.err;
  EXPECT_NE(said.out.find("the entry before entry " + std::to_string(behind.at.get())),
            std::string::npos)
      << said.out;
  EXPECT_EQ(events(to_).find("behind it"), std::string::npos);
  EXPECT_EQ(lockstep({"verify", "--data", to_}).code, 0);
}

TEST_F(Salvage, ADamagedLogKeepsAllCommitsBeforeTheDamage) {
  const std::string log = file(".log");
  flip(log, fs::file_size(log) - 20);
  const Said refused = serve(data_);

  const Said said = salvage();

  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("lockstep salvage --from " + data_), std::string::npos) << refused.err;
  EXPECT_EQ(said.code, 1) << said.out << said.err;
  EXPECT_NE(said.out.find("left out"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find(log + " is damaged at byte"), std::string::npos) << said.out;
  EXPECT_EQ(lockstep({"verify", "--data", to_}).code, 0);
  EXPECT_TRUE(starts(to_));
}

// Lists may have shown changes that are lost, and a list's cursor can't tell which.
TEST_F(Salvage, ThatHasLostSomethingKnowsNoCursorOfAListAnyMore) {
  const std::string log = file(".log");
  flip(log, fs::file_size(log) - 20);

  EXPECT_EQ(salvage().code, 1);

  tamper(to_, [&](const Kv& kv, KvBatch&) {
    const auto epochs = decode_epochs(**kv.get(KvTable::meta, epochs_key));
    ASSERT_TRUE(epochs && !epochs->former.empty());
    const Epoch former = epochs->former.back().epoch;
    EXPECT_EQ(lists_shared_until(*epochs, former), CommitNumber());
    EXPECT_NE(shared_until(*epochs, former), CommitNumber()) << "threads are counted each";
  });
}

TEST_F(Salvage, GivesNoThreadTheNumberOfOneThatOnlyTheLogKnows) {
  settle();
  for (const KvTable table : {KvTable::meta, KvTable::threads}) {
    ASSERT_FALSE(files_of(table).empty());
    for (const std::string& path : files_of(table)) fs::remove(path);
  }

  const Said said = salvage();

  EXPECT_EQ(lockstep({"verify", "--data", to_}).code, 0) << said.out << said.err;
  tamper(to_, [](const Kv& kv, KvBatch&) {
    EXPECT_EQ(keys::decode_number(**kv.get(KvTable::meta, keys::next_thread)), 2u);
  });
}

TEST_F(Salvage, WritesIntoNoFolderThatHoldsSomething) {
  fs::create_directories(to_);
  write_whole(to_ + "/notes", "mine");

  const Said said = salvage();

  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("is not empty"), std::string::npos) << said.err;
  EXPECT_EQ(read_whole(to_ + "/notes"), "mine");
}

TEST_F(Salvage, WritesNothingIntoTheDamagedStore) {
  const Said said = lockstep({"salvage", "--from", data_, "--to", data_ + "/new"});

  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("lies in"), std::string::npos) << said.err;
  EXPECT_FALSE(fs::exists(data_ + "/new"));
}

TEST_F(Salvage, AMissingStoreIsNamed) {
  const Said said = lockstep({"salvage", "--from", data_ + "-not", "--to", to_});

  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.err.find("there is no store"), std::string::npos) << said.err;
  EXPECT_FALSE(fs::exists(to_ + "/rocks"));
}

TEST_F(Salvage, WaitsForTheServersEnd) {
  Running server({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  ASSERT_NE(server.line(), "");

  const Said said = salvage();

  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.err.find("Stop "), std::string::npos) << said.err;
  EXPECT_FALSE(fs::exists(to_ + "/rocks"));
}

TEST_F(Salvage, ThatWasCutShortIsNoStoreAndIsDoneAgain) {
  fs::create_directories(to_ + "/rocks.part");
  fs::copy(data_ + "/rocks", to_ + "/rocks.part", fs::copy_options::recursive);
  write_whole(to_ + "/commits", "half");

  const Said refused = serve(to_);
  const Said said = salvage();

  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("lockstep salvage"), std::string::npos) << refused.err;
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(starts(to_));
}

TEST_F(Salvage, DoesNotBringADeletedThreadBack) {
  // The store of an unfinished deletion: the tombstone exists, and the entries are still there.
  tamper(data_, [&](const Kv& kv, KvBatch& batch) {
    const auto rows = kv.scan({.table = KvTable::threads, .rows_max = 1, .bytes_max = 1});
    auto record = decode_thread_record(rows->front().first, rows->front().second);
    record->record.thread.reset();
    batch.put(KvTable::threads, rows->front().first,
              encode(rows->front().first, record->record) + encode_number(record->commit.get()));
  });

  const Said said = salvage();

  EXPECT_EQ(lockstep({"show", "thread", "--data", to_}).code, 1) << said.out;
  EXPECT_NE(lockstep({"show", "thread", "--data", to_}).err.find("deleted"), std::string::npos);
}

// --- Tables that a rebuild makes again -----------------------------------------------------------

TEST_F(Salvage, IsNotNeededForATableThatTheLogMakesAgain) {
  settle();
  for (const KvTable table : {KvTable::feed, KvTable::threads, KvTable::views}) {
    for (const bool opens : {true, false}) {
      const auto files = files_of(table);
      ASSERT_FALSE(files.empty()) << name_of(table);
      // A block of rows; or the footer, without which it can't even be opened.
      flip(files.front(), opens ? 4 : fs::file_size(files.front()) - 4);

      const Said found = lockstep({"verify", "--data", data_});
      const Said refused = opens ? Said{3, "", "lockstep rebuild"} : serve(data_);
      const Said rebuilt = lockstep({"rebuild", "--data", data_});
      const Said after = lockstep({"verify", "--data", data_});

      const std::string name = "table `" + std::string(name_of(table)) + "`";
      EXPECT_EQ(found.code, 1) << found.err;
      EXPECT_NE(found.out.find(name), std::string::npos) << found.out;
      EXPECT_EQ(refused.code, 3) << name;
      EXPECT_NE(refused.err.find("lockstep rebuild"), std::string::npos) << refused.err;
      EXPECT_EQ(rebuilt.code, 0) << rebuilt.out << rebuilt.err;
      EXPECT_NE(rebuilt.out.find("dropped and rebuilt"), std::string::npos) << rebuilt.out;
      EXPECT_EQ(after.code, 0) << after.out << after.err;
      settle();
    }
  }
}

TEST_F(Salvage, IsNotNeededForADerivedTableThatIsGone) {
  settle();
  const auto files = files_of(KvTable::feed);
  ASSERT_FALSE(files.empty());
  for (const std::string& path : files) fs::remove(path);

  const Said refused = serve(data_);
  const Said rebuilt = lockstep({"rebuild", "--data", data_});

  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(rebuilt.code, 0) << rebuilt.out << rebuilt.err;
  EXPECT_EQ(lockstep({"verify", "--data", data_}).code, 0);
  EXPECT_TRUE(starts(data_));
}

TEST_F(Salvage, ARebuildThatWasCutShortIsNoStoreUntilItIsFinished) {
  tamper(data_, [](const Kv&, KvBatch& batch) {
    batch.put(KvTable::meta, std::string(rebuilding_key), "");
  });

  const Said refused = serve(data_);
  const Said shown = lockstep({"show", "--data", data_});
  const Said rebuilt = lockstep({"rebuild", "--data", data_});

  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("lockstep rebuild --data " + data_), std::string::npos) << refused.err;
  EXPECT_EQ(shown.code, 3);
  EXPECT_EQ(rebuilt.code, 0) << rebuilt.err;
  EXPECT_TRUE(starts(data_));
}

TEST_F(Salvage, ABackupOfADamagedTableIsRefusedByName) {
  settle();
  ASSERT_FALSE(files_of(KvTable::feed).empty());
  const std::string table = files_of(KvTable::feed).front();
  flip(table, 4);
  const std::vector<std::string> line{"backup", "--data", data_, "--to", folder_.path() + "/b"};

  const Said said = lockstep(line);
  EXPECT_EQ(lockstep({"rebuild", "--data", data_}).code, 0);
  const Said after = lockstep(line);

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.err.find(fs::path(table).filename().string() + " is damaged"), std::string::npos)
      << said.err;
  EXPECT_NE(said.err.find("lockstep verify"), std::string::npos) << said.err;
  EXPECT_EQ(after.code, 0) << after.err;
}

// --- Every refusal names the next command --------------------------------------------------------

struct Refusal {
  const char* what;
  std::function<void(const std::string& data)> make;
  const char* next;
};

std::string named(const std::string& data, std::string_view part) {
  for (const auto& entry : fs::directory_iterator(data + "/rocks")) {
    const std::string name = entry.path().filename().string();
    if (name.find(part) != std::string::npos && name != "MANIFEST.known")
      return entry.path().string();
  }
  return {};
}

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> all{
      {"CURRENT is gone", [](const auto& data) { fs::remove(data + "/rocks/CURRENT"); }, "salvage"},
      {"CURRENT names nothing", [](const auto& data) { write_whole(data + "/rocks/CURRENT", "x"); },
       "salvage"},
      {"the manifest is gone", [](const auto& data) { fs::remove(named(data, "MANIFEST-")); },
       "salvage"},
      {"the manifest is short",
       [](const auto& data) { fs::resize_file(named(data, "MANIFEST-"), 9); }, "salvage"},
      {"the manifest's length can't be read",
       [](const auto& data) { write_whole(data + "/rocks/MANIFEST.known", "x"); }, "salvage"},
      {"the log is cut",
       [](const auto& data) {
         const std::string log = named(data, ".log");
         fs::resize_file(log, fs::file_size(log) / 2);
       },
       "salvage"},
      {"the log is gone", [](const auto& data) { fs::remove(named(data, ".log")); }, "salvage"},
      {"the side file can't be read",
       [](const auto& data) { write_whole(data + "/commits", std::string(8192, 'x')); }, "salvage"},
      {"the tail is damaged",
       [](const auto& data) {
         tamper(data, [](const Kv&, KvBatch& batch) {
           batch.put(KvTable::meta, std::string(tail_key), "x");
         });
       },
       "salvage"},
      {"the epochs are damaged",
       [](const auto& data) {
         tamper(data, [](const Kv&, KvBatch& batch) { batch.put(KvTable::meta, "epochs", "x"); });
       },
       "salvage"},
      {"a restore was cut short",
       [](const auto& data) { fs::rename(data + "/rocks", data + "/rocks.part"); }, "restore"},
      {"it is of a newer version",
       [](const auto& data) {
         tamper(data, [](const Kv&, KvBatch& batch) {
           batch.put(KvTable::meta, std::string(format_key), encode_number(1000));
         });
       },
       "restore"},
      {"other things lie there",
       [](const auto& data) {
         fs::remove_all(data);
         fs::create_directories(data);
         write_whole(data + "/notes", "mine");
       },
       "restore"},
      {"the lock can't be had",
       [](const auto& data) {
         fs::remove(data + "/lock");
         fs::create_directory(data + "/lock");
       },
       "try again"},
  };
  return all;
}

TEST(Refusals, EachNamesTheNextCommandAndASalvageThatIsNamedWorks) {
  for (const Refusal& refusal : refusals()) {
    const TempFolder folder;
    const std::string data = folder.path() + "/data";
    ASSERT_EQ(lockstep({"import", "-", "--data", data}, history_of(stopped_and_answered())).code,
              0);
    refusal.make(data);

    const Said said = lockstep({"serve", "--data", data, "--listen", "127.0.0.1:0"});

    EXPECT_TRUE(said.code == 3 || said.code == 1) << refusal.what << ": " << said.err;
    EXPECT_NE(said.err.find(refusal.next), std::string::npos) << refusal.what << ": " << said.err;
    if (std::string_view(refusal.next) != "salvage") continue;
    const Said salvaged = lockstep({"salvage", "--from", data, "--to", folder.path() + "/to"});
    EXPECT_LE(salvaged.code, 1) << refusal.what << ": " << salvaged.err;
    EXPECT_EQ(lockstep({"verify", "--data", folder.path() + "/to"}).code, 0)
        << refusal.what << ": " << salvaged.out << salvaged.err;
  }
}

// --- The file `opening` --------------------------------------------------------------------------

TEST(Opening, OneFlippedBitNamesNoThread) {
  const TempFolder folder;
  {
    auto file = CrashMarkFile::open(folder.path());
    ASSERT_TRUE(file.has_value());
    (*file)->set(ThreadNumber(7));
  }
  const std::string whole = read_whole(folder.path() + "/opening");

  EXPECT_EQ((*CrashMarkFile::open(folder.path()))->found(), ThreadNumber(7));
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    write_whole(folder.path() + "/opening", bytes);
    EXPECT_FALSE((*CrashMarkFile::open(folder.path()))->found().has_value()) << "bit " << bit;
    EXPECT_EQ(read_crash_mark_in(folder.path()).error().code, "corrupt") << "bit " << bit;
  }
}

TEST(Opening, TheNumberAloneIsReadAsTheFirstFormatWroteIt) {
  EXPECT_EQ(read_crash_mark(encode_number(7)).value(), ThreadNumber(7));
  EXPECT_FALSE(read_crash_mark(encode_number(0)).value().has_value());
  EXPECT_FALSE(read_crash_mark("").value().has_value());
}

TEST_F(Salvage, VerifyReadsTheFileOfTheThreadThatIsBeingOpened) {
  write_whole(data_ + "/opening", encode_number(1));
  const Said named = lockstep({"verify", "--data", data_});
  write_whole(data_ + "/opening", "0123456789");
  const Said damaged = lockstep({"verify", "--data", data_});
  settle();
  const Said after = lockstep({"verify", "--data", data_});

  EXPECT_EQ(named.code, 1);
  EXPECT_NE(named.out.find("thread number 1"), std::string::npos) << named.out;
  EXPECT_EQ(damaged.code, 1);
  EXPECT_NE(damaged.out.find("`opening`"), std::string::npos) << damaged.out;
  EXPECT_EQ(after.code, 0) << after.out;
}

}  // namespace
}  // namespace lockstep::test
