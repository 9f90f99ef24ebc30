// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_errors.h"

#include <rocksdb/metadata.h>

#include "engine/base/codes.h"
#include "engine/rocks/rocks_files.h"

namespace lockstep {
namespace {

using rocksdb::Status;

constexpr std::size_t names_max = 8;  // more would not help to find the damage

// The table files that may have a key of this range.
std::string tables_with(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& table, const KvRange& range) {
  rocksdb::ColumnFamilyMetaData family;
  db.GetColumnFamilyMetaData(&table, &family);
  std::string names;
  std::size_t count = 0;
  for (const rocksdb::LevelMetaData& level : family.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) {
      if (file.largestkey < range.begin) continue;
      if (!range.end.empty() && file.smallestkey >= range.end) continue;
      if (++count > names_max) return names + " and others";
      names += (names.empty() ? "" : ", ") + db.GetName() + file.name;
    }
  }
  return names;
}

// The missing table file that RocksDB's message is about; empty if it is about another error.
// RocksDB looks for `N.sst`, then for `N.ldb`, which no store of ours has ever had, and names the
// second.
std::string missing_table(const Status& status) {
  constexpr std::string_view before = "random read: ";
  constexpr std::string_view other_ending = ".ldb";
  const std::string said = status.ToString();
  const std::size_t end = said.rfind(other_ending);
  const std::size_t begin = said.find(before);
  if (!status.IsPathNotFound() || begin >= end || end == std::string::npos) return {};
  const std::size_t path = begin + before.size();
  return said.substr(path, end - path) + ".sst";
}

}  // namespace

Error error_of(const Status& status) {
  const std::string missing = missing_table(status);
  if (!missing.empty()) return {Kind::corrupt, codes::corrupt, missing + " is missing"};
  if (status.IsCorruption()) return {Kind::corrupt, codes::corrupt, status.ToString()};
  return {Kind::unavailable, codes::disk, status.ToString()};
}

Error opening_error(const Status& status, rocksdb::Env& env, const std::string& path) {
  Error error = error_of(status);
  const std::string table = status.IsCorruption() ? damaged_table(env, path) : "";
  error.detail = table.empty() ? path + ": " + error.detail : table;
  return error;
}

Error reading_error(const Status& status, rocksdb::DB& db, rocksdb::ColumnFamilyHandle& table,
                    const KvRange& range) {
  Error error = error_of(status);
  if (!status.IsCorruption() || error.detail.find(".sst") != std::string::npos) return error;
  const std::string names = tables_with(db, table, range);
  if (!names.empty()) error.detail += ", in " + names;
  return error;
}

}  // namespace lockstep
