// SPDX-License-Identifier: Apache-2.0
// Every version must read the bytes of former versions with their old meaning.
//
// Format 3 added events and fields; their bytes have a folder of their own, `v3`.
// If LOCKSTEP_WRITE_SCHEMA_BYTES names the folder, missing files are written; an existing file is
// never changed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/store/entry_codec.h"
#include "engine/store/thread_snapshot.h"
#include "tests/schema/v1_entries.h"
#include "tests/schema/v3_entries.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

constexpr ThreadNumber number{1};

std::filesystem::path folder() { return LOCKSTEP_SOURCE_DIR "/tests/schema/v1"; }
std::filesystem::path folder_of_3() { return LOCKSTEP_SOURCE_DIR "/tests/schema/v3"; }

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_if_missing(const std::filesystem::path& folder, const std::string& name,
                      const std::string& bytes) {
  const char* const asked = std::getenv("LOCKSTEP_WRITE_SCHEMA_BYTES");
  if (!asked || std::filesystem::path(asked).filename() != folder.filename()) return;
  const std::filesystem::path path = std::filesystem::path(asked) / (name + ".bin");
  if (std::filesystem::exists(path)) return;
  std::filesystem::create_directories(asked);
  std::ofstream(path, std::ios::binary) << bytes;
}

// A file's name for a row of the views: its kind and the rest of the key, in hex.
std::string row_name(const std::string& key) {
  std::string name = "view_";
  name += key[8];
  for (const char byte : key.substr(9)) {
    name += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> 4];
    name += "0123456789abcdef"[static_cast<std::uint8_t>(byte) & 15];
  }
  return name;
}

// The rows of the views as version 1 wrote them, under their keys of today.
class OldSnapshot : public Store {
 public:
  OldSnapshot() {
    for (const RowWrite& row : snapshot_rows(number, small_state(), Timestamp())) {
      write_if_missing(folder(), row_name(row.key), *row.value);
      rows_[row.key] = bytes_of(folder() / (row_name(row.key) + ".bin"));
    }
  }
  [[nodiscard]] Result<std::optional<std::string>> get(Table, std::string_view) const override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan&) const override {
    return std::vector<std::pair<std::string, std::string>>(rows_.begin(), rows_.end());
  }

 private:
  std::map<std::string, std::string> rows_;
};

TEST(OldBytes, EntriesOfVersion1AreReadAsTheyWereMeant) {
  const ThreadState state = small_state();

  for (const OldEntry& old : v1_entries()) {
    write_if_missing(folder(), old.name, encode(old.entry, state));
    const std::string bytes = bytes_of(folder() / (old.name + ".bin"));
    const auto entry = decode(bytes, old.entry.at, state);
    ASSERT_TRUE(entry.has_value()) << old.name << ": " << entry.error().detail;
    EXPECT_TRUE(*entry == old.entry) << old.name;
  }
}

// As long as no feature needs a newer form, the same entries give the same bytes. If a commit
// changes the form by accident, this test fails first.
TEST(OldBytes, EntriesOfVersion1AreStillWrittenSo) {
  const ThreadState state = small_state();

  for (const OldEntry& old : v1_entries()) {
    EXPECT_EQ(encode(old.entry, state), bytes_of(folder() / (old.name + ".bin"))) << old.name;
  }
}

TEST(OldBytes, EntriesOfFormat3AreReadAsTheyWereMeantAndWrittenSo) {
  const ThreadState state = small_state();

  for (const OldEntry& old : v3_entries()) {
    write_if_missing(folder_of_3(), old.name, encode(old.entry, state));
    const std::string bytes = bytes_of(folder_of_3() / (old.name + ".bin"));
    const auto entry = decode(bytes, old.entry.at, state);
    ASSERT_TRUE(entry.has_value()) << old.name << ": " << entry.error().detail;
    EXPECT_TRUE(*entry == old.entry) << old.name;
    EXPECT_EQ(encode(old.entry, state), bytes) << old.name;
  }
}

TEST(OldBytes, EveryKindOfEventIsAmongThem) {
  std::set<std::size_t> kinds;
  for (const OldEntry& old : v3_entries()) {
    for (const Event& event : old.entry.events) kinds.insert(event.index());
  }
  for (const OldEntry& old : v1_entries()) {
    for (const Event& event : old.entry.events) kinds.insert(event.index());
  }

  EXPECT_EQ(kinds.size(), std::variant_size_v<Event>);
}

TEST(OldBytes, ViewsOfVersion1AreReadAsTheyWereMeant) {
  const auto loaded = load_snapshot(OldSnapshot(), number);

  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(difference(*loaded, small_state()), "");
}

}  // namespace
}  // namespace lockstep
