// SPDX-License-Identifier: Apache-2.0
// Backups of a store at work, and restores: they keep every entry, and report all damage.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/rocks/backup_note.h"
#include "engine/rocks/rocks_backup.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_log.h"
#include "engine/rocks/verify_log.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/step_executor.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t body_bytes = 1000;

class BackupTest : public testing::Test {
 protected:
  using Opened = Result<std::unique_ptr<RocksLog>>;

  Opened open(const std::string& data) {
    auto rocks =
        RocksLog::open(data, {.executor = executor_, .random = random_, .options = options_},
                       [](const std::string&) { MUST(!"the disk is well"); });
    if (rocks) (*rocks)->log().follow([](std::span<const Committed>) {});
    return rocks;
  }
  std::unique_ptr<RocksLog> opened(const std::string& data) {
    auto rocks = open(data);
    EXPECT_TRUE(rocks.has_value()) << rocks.error().detail;
    return std::move(*rocks);
  }

  // Appends to thread 1, which ends at its number of entries.
  void begin_append(RocksLog& rocks, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      auto entry = std::make_shared<Entry>();
      entry->at = Timestamp(end_ + 1);
      std::string bytes;  // which don't shrink when they are packed
      while (bytes.size() < body_bytes) bytes += encode_number(random_.next());
      rocks.log().append({.thread = ThreadNumber(1),
                          .expected = Timestamp(end_++),
                          .entry = entry,
                          .bytes = std::move(bytes),
                          .rows = {}},
                         [&](const Result<CommitNumber>& result) {
                           EXPECT_TRUE(result.has_value());
                           ++answered_;
                         });
    }
  }
  void append(RocksLog& rocks, std::uint64_t count) {
    begin_append(rocks, count);
    ASSERT_TRUE(executor_.run_until([&] { return answered_ == end_; }));
  }
  // A store of so many entries that have settled in table files.
  void make_settled(std::uint64_t count) {
    append(*opened(data_), count);
    opened(data_);  // a start moves the rows of the write-ahead log into tables
  }

  BackupMade back_up(RocksLog& rocks, std::optional<std::uint32_t> keep = {}) {
    auto made = make_backup(rocks.kv(), {.to = backups_, .keep = keep});
    EXPECT_TRUE(made.has_value()) << made.error().detail;
    return *made;
  }
  Result<Restored> restore(const std::string& to, std::optional<BackupNumber> number = {}) {
    return restore_backup({.from = backups_, .number = number, .to = to}, random_);
  }
  template <class T>
  static std::string code(const Result<T>& result) {
    return result ? "" : result.error().code;
  }

  static std::uint64_t entries_in(RocksLog& rocks) {
    const auto found = verify_log(rocks.kv(), {});
    EXPECT_TRUE(found.has_value() && found->problems.empty());
    return found->entries;
  }

  static std::vector<std::string> names_below(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& each : fs::recursive_directory_iterator(folder)) names.push_back(each.path());
    std::ranges::sort(names);
    return names;
  }
  std::vector<fs::path> backup_files() {
    std::vector<fs::path> files;
    for (const char* folder : {"private", "shared_checksum"}) {
      for (const auto& file : fs::recursive_directory_iterator(fs::path(backups_) / folder)) {
        if (file.is_regular_file() && file.file_size() > 0) files.push_back(file.path());
      }
    }
    return files;
  }
  static void flip_bit(const fs::path& path, std::size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  std::string backups_ = folder_.path() + "/backups";
  std::string other_ = folder_.path() + "/other";
  RocksOptions options_;
  StepExecutor executor_;
  FixedRandom random_{1};
  std::uint64_t end_ = 0;
  std::uint64_t answered_ = 0;
};

// --- Making --------------------------------------------------------------------------------------

TEST_F(BackupTest, ABackupHasAllThatWasDurableWhenItWasAskedFor) {
  auto rocks = opened(data_);
  append(*rocks, 100);

  const BackupMade made = back_up(*rocks);
  append(*rocks, 50);

  EXPECT_EQ(made.backup.commit, CommitNumber(100));
  EXPECT_EQ(made.backup.epoch, rocks->log().epochs().current);
  ASSERT_TRUE(restore(other_).has_value());
  EXPECT_EQ(entries_in(*opened(other_)), 100U);
  EXPECT_EQ(entries_in(*rocks), 150U);
}

TEST_F(BackupTest, WritesGoOnWhileItIsMade) {
  make_settled(2000);
  auto rocks = opened(data_);
  begin_append(*rocks, 2000);
  std::atomic<int> told = 0;

  const auto made =
      make_backup(rocks->kv(), {.to = backups_, .progress = [&](std::uint64_t) { ++told; }});
  ASSERT_TRUE(executor_.run_until([&] { return answered_ == end_; }));

  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_GT(told, 0);
  const auto restored = restore(other_);
  ASSERT_TRUE(restored.has_value()) << restored.error().detail;
  EXPECT_GE(restored->last, made->backup.commit);
  EXPECT_EQ(entries_in(*opened(other_)), restored->last.get());
}

// Memtables are flushed and write-ahead logs change all the time, while one backup follows another.
TEST_F(BackupTest, TablesComeAndGoWhileItIsMade) {
  options_.write_buffer_bytes = 128 << 10;
  auto rocks = opened(data_);
  append(*rocks, 500);
  constexpr std::size_t backups = 8;
  std::vector<Result<BackupMade>> made;
  std::atomic<bool> over = false;
  std::jthread other([&] {
    while (made.size() < backups) made.push_back(make_backup(rocks->kv(), {.to = backups_}));
    over = true;
  });

  while (!over) append(*rocks, 20);
  other.join();

  for (const auto& one : made) {
    ASSERT_TRUE(one.has_value()) << one.error().detail;
    const std::string to = other_ + std::to_string(one->backup.number.get());
    const auto restored = restore(to, one->backup.number);
    ASSERT_TRUE(restored.has_value()) << restored.error().detail;
    EXPECT_GE(restored->last, one->backup.commit);
    EXPECT_EQ(entries_in(*opened(to)), restored->last.get());
  }
}

TEST_F(BackupTest, ASecondOneCopiesOnlyNewFiles) {
  make_settled(3000);
  auto rocks = opened(data_);

  const BackupMade first = back_up(*rocks);
  const BackupMade same = back_up(*rocks);
  append(*rocks, 10);
  const BackupMade grown = back_up(*rocks);

  EXPECT_GT(first.added_bytes, 3000 * body_bytes);
  EXPECT_LT(same.added_bytes, 100'000U);
  EXPECT_LT(grown.added_bytes, 200'000U);
  ASSERT_TRUE(restore(other_, first.backup.number).has_value());
  EXPECT_EQ(entries_in(*opened(other_)), 3000U);
  ASSERT_TRUE(restore(other_ + "2").has_value());
  EXPECT_EQ(entries_in(*opened(other_ + "2")), 3010U);
}

TEST_F(BackupTest, OnlyTheNewestAreKept) {
  auto rocks = opened(data_);
  std::vector<BackupNumber> numbers;
  for (int i = 0; i < 4; ++i) {
    append(*rocks, 5);
    numbers.push_back(back_up(*rocks, 2).backup.number);
  }

  const auto listed = list_backups(backups_);

  ASSERT_EQ(listed->whole.size(), 2U);
  EXPECT_EQ(listed->whole[0].number, numbers[2]);
  EXPECT_EQ(listed->whole[1].number, numbers[3]);
  EXPECT_EQ(listed->whole[1].commit, CommitNumber(20));
  EXPECT_EQ(code(restore(other_, numbers[0])), "no_backup");
  EXPECT_EQ(back_up(*rocks, 2).removed, 1U);
}

TEST_F(BackupTest, AStoppedBackupLeavesTheOthersWhole) {
  make_settled(3000);
  auto rocks = opened(data_);
  std::stop_source stop;

  const auto stopped = make_backup(
      rocks->kv(), {.to = backups_, .stop = stop.get_token(), .progress = [&](std::uint64_t) {
                      stop.request_stop();
                    }});
  EXPECT_EQ(code(stopped), "stopped");
  EXPECT_TRUE(list_backups(backups_)->whole.empty());
  const BackupMade made = back_up(*rocks);

  EXPECT_TRUE(verify_backup(backups_, made.backup.number).has_value());
  EXPECT_EQ(list_backups(backups_)->whole.size(), 1U);
}

TEST_F(BackupTest, ABackupThatDiedInTheMiddleLeavesTheOthersWhole) {
  make_settled(3000);
  const pid_t child = ::fork();
  if (child == 0) {
    auto rocks = opened(data_);
    static_cast<void>(
        make_backup(rocks->kv(), {.to = backups_, .progress = [](std::uint64_t) { ::_exit(7); }}));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 7);

  auto rocks = opened(data_);
  const BackupMade made = back_up(*rocks);

  EXPECT_TRUE(verify_backup(backups_, made.backup.number).has_value());
  EXPECT_EQ(list_backups(backups_)->whole.size(), 1U);
}

TEST_F(BackupTest, AFolderTakesOneAtATimeAndNothingElsesFolderIsWrittenInto) {
  auto rocks = opened(data_);
  append(*rocks, 1);
  back_up(*rocks);
  fs::create_directory(other_);
  std::ofstream(other_ + "/letters.txt") << "dear";

  const auto lock = FolderLock::take(backups_, FolderLock::Mode::alone);

  EXPECT_EQ(code(make_backup(rocks->kv(), {.to = backups_})), "busy");
  EXPECT_EQ(code(restore(folder_.path() + "/third")), "busy");
  EXPECT_EQ(code(make_backup(rocks->kv(), {.to = other_})), "not_a_store");
  EXPECT_EQ(std::distance(fs::directory_iterator(other_), fs::directory_iterator()), 1);
  EXPECT_EQ(code(list_backups(other_)), "no_backup");
}

// RocksDB would remove such a file as one that no backup needs any more.
TEST_F(BackupTest, AFolderWithWhatNoBackupMadeIsRefusedByNameAndStaysAsItIs) {
  auto rocks = opened(data_);
  append(*rocks, 1);
  // What is put there, and what the refusal names.
  const std::vector<std::pair<std::string, std::string>> foreign{
      {"letters.txt", "letters.txt"},
      {"photos/1.jpg", "photos"},
      {"lock/1", "lock"},
      {"meta", "meta"},
      {"meta/letters.txt", "meta/letters.txt"},
      {"meta/.tmp", "meta/.tmp"},
      {"meta/70/1", "meta/70"},
      {"private/70", "private/70"},
      {"private/photos/1.jpg", "private/photos"},
      {"shared/1.jpg", "shared/1.jpg"},
      {"shared_checksum/1.jpg", "shared_checksum/1.jpg"},
      {"shared_checksum/photo.sst", "shared_checksum/photo.sst"},
      {"shared_checksum/70.sst/1", "shared_checksum/70.sst"},
  };
  for (const bool has_backups : {false, true}) {
    for (const auto& [path, named] : foreign) {
      fs::remove_all(backups_);
      if (has_backups) back_up(*rocks);
      if (fs::exists(backups_ + "/" + named)) continue;
      fs::create_directories(fs::path(backups_ + "/" + path).parent_path());
      std::ofstream(backups_ + "/" + path) << "dear";
      const auto before = names_below(backups_);
      bool accepted = false;

      const auto made = make_backup(
          rocks->kv(), {.to = backups_, .keep = 1, .accepted = [&] { accepted = true; }});

      ASSERT_EQ(code(made), "not_a_store") << path;
      EXPECT_NE(made.error().detail.find("`" + named + "`"), std::string::npos)
          << made.error().detail;
      EXPECT_FALSE(accepted) << path;
      EXPECT_EQ(names_below(backups_), before) << path;
    }
  }
}

// As a crash leaves them, of this version of RocksDB and of earlier ones.
TEST_F(BackupTest, AFolderWithUnfinishedFilesOfABackupTakesTheNext) {
  auto rocks = opened(data_);
  append(*rocks, 1);
  for (const char* path :
       {"shared_checksum/.000070_sDCBA_1400.sst.tmp", "shared_checksum/000070_sDCBA_1400.sst",
        "shared_checksum/000070.sst", "shared/000070.sst", "private/70/CURRENT",
        "private/70.tmp/CURRENT", "meta/.70.tmp", "meta/70.tmp", "lock"}) {
    fs::remove_all(backups_);
    fs::create_directories(fs::path(backups_ + "/" + path).parent_path());
    std::ofstream(backups_ + "/" + path) << "";

    const auto made = make_backup(rocks->kv(), {.to = backups_});

    ASSERT_TRUE(made.has_value()) << path << ": " << made.error().detail;
    EXPECT_TRUE(verify_backup(backups_, made->backup.number).has_value()) << path;
  }
}

TEST_F(BackupTest, AFolderThatIsAcceptedIsToldBeforeTheBackupIsWritten) {
  auto rocks = opened(data_);
  append(*rocks, 1);
  std::vector<std::string> found;

  const auto made = make_backup(
      rocks->kv(), {.to = backups_, .accepted = [&] { found = names_below(backups_); }});

  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_EQ(found, std::vector<std::string>{backups_ + "/lock"});
}

// --- Damage --------------------------------------------------------------------------------------

TEST_F(BackupTest, ABitThatFlippedInAnyFileIsFoundAndNotRestored) {
  make_settled(200);
  {
    auto rocks = opened(data_);
    append(*rocks, 20);
    back_up(*rocks);
  }
  const std::vector<fs::path> files = backup_files();
  ASSERT_GE(files.size(), 4U);  // CURRENT, the manifest, the write-ahead log, tables

  for (const fs::path& file : files) {
    flip_bit(file, fs::file_size(file) / 2);
    const auto found = verify_backup(backups_, BackupNumber(1));
    EXPECT_EQ(code(found), "corrupt") << file;
    EXPECT_NE(found.error().detail.find(file.filename().string()), std::string::npos)
        << found.error().detail;
    EXPECT_EQ(code(restore(other_)), "corrupt") << file;
    EXPECT_FALSE(fs::exists(other_ + "/rocks"));
    flip_bit(file, fs::file_size(file) / 2);
  }

  EXPECT_TRUE(verify_backup(backups_, BackupNumber(1)).has_value());
  EXPECT_TRUE(restore(other_).has_value());
}

TEST_F(BackupTest, AnOlderOneIsNotRestoredInPlaceOfADamagedNewest) {
  auto rocks = opened(data_);
  append(*rocks, 10);
  back_up(*rocks);
  append(*rocks, 10);
  back_up(*rocks);
  fs::remove_all(backups_ + "/private/2");

  EXPECT_EQ(code(restore(other_)), "corrupt");
  EXPECT_EQ(code(verify_backup(backups_, BackupNumber(2))), "corrupt");
  const auto listed = list_backups(backups_);
  ASSERT_EQ(listed->damaged.size(), 1U);
  EXPECT_EQ(listed->damaged[0].number, BackupNumber(2));
  EXPECT_TRUE(restore(other_, BackupNumber(1)).has_value());
}

TEST(BackupNote, ThatDiffersByABitIsFound) {
  const BackupNote note{1, CommitNumber(1234), Epoch(0xabcdef0123456789)};
  const std::string bytes = encode_note(note);
  EXPECT_EQ(decode_note(bytes), note);

  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(decode_note(flipped), std::nullopt) << bit;
  }
  EXPECT_EQ(decode_note(bytes.substr(1)), std::nullopt);
}

// --- Restoring -----------------------------------------------------------------------------------

TEST_F(BackupTest, ARestoreBeginsAnEpochThatIsCutWhereTheBackupWasMade) {
  Epoch first;
  {
    auto rocks = opened(data_);
    first = rocks->log().epochs().current;
    append(*rocks, 100);
    back_up(*rocks);
  }

  const auto restored = restore(other_);

  ASSERT_TRUE(restored.has_value()) << restored.error().detail;
  auto rocks = opened(other_);
  EXPECT_EQ(rocks->log().epochs(), restored->epochs);
  EXPECT_NE(rocks->log().epochs().current, first);
  EXPECT_EQ(rocks->log().epochs().former,
            (std::vector<Epochs::Former>{{first, CommitNumber(100)}}));
  EXPECT_EQ(rocks->log().report().witness, CommitNumber(100));
  EXPECT_EQ(rocks->log().last_commit(), CommitNumber(100));
}

TEST_F(BackupTest, EveryRestoreIsAHistoryOfItsOwn) {
  {
    auto rocks = opened(data_);
    append(*rocks, 10);
    back_up(*rocks);
  }
  const auto one = restore(other_);
  const auto two = restore(other_ + "2");
  ASSERT_TRUE(one.has_value() && two.has_value());
  {
    auto rocks = opened(other_);
    append(*rocks, 5);
    back_up(*rocks);
  }

  const auto again = restore(other_ + "3");

  EXPECT_NE(one->epochs.current, two->epochs.current);
  ASSERT_TRUE(again.has_value()) << again.error().detail;
  ASSERT_EQ(again->epochs.former.size(), 2U);
  EXPECT_EQ(again->epochs.former[0], one->epochs.former[0]);
  EXPECT_EQ(again->epochs.former[1], (Epochs::Former{one->epochs.current, CommitNumber(15)}));
}

TEST_F(BackupTest, AFolderThatIsNotEmptyIsLeftAsItIs) {
  {
    auto rocks = opened(data_);
    append(*rocks, 10);
    back_up(*rocks);
    EXPECT_EQ(code(restore(data_)), "locked");
    append(*rocks, 10);
  }
  fs::create_directory(other_);
  std::ofstream(other_ + "/letters.txt") << "dear";

  EXPECT_EQ(code(restore(data_)), "exists");
  EXPECT_EQ(code(restore(other_)), "exists");
  EXPECT_EQ(entries_in(*opened(data_)), 20U);
  EXPECT_EQ(code(restore_backup({.from = data_, .to = folder_.path() + "/third"}, random_)),
            "no_backup");
  EXPECT_FALSE(fs::exists(folder_.path() + "/third"));
}

TEST_F(BackupTest, ARestoreThatWasCutShortIsRefusedByAServerAndCanBeDoneAgain) {
  {
    auto rocks = opened(data_);
    append(*rocks, 100);
    back_up(*rocks);
  }
  for (const char* last : {"checking", "copying", "opening", "finishing"}) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto die = [last](std::string_view step) {
        if (step == last) ::_exit(7);
      };
      static_cast<void>(restore_backup({.from = backups_, .to = other_, .progress = die}, random_));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 7) << last;

    EXPECT_EQ(code(open(other_)), "unfinished_restore") << last;
  }

  ASSERT_TRUE(restore(other_).has_value());
  EXPECT_EQ(entries_in(*opened(other_)), 100U);
}

}  // namespace
}  // namespace lockstep
