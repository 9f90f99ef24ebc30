// SPDX-License-Identifier: Apache-2.0
// rocks_kv_damage.cc: finds the damaged files of the tables, and drops a table.
#include <rocksdb/env.h>

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rocks/rocks_errors.h"
#include "engine/rocks/rocks_files.h"
#include "engine/rocks/rocks_kv_parts.h"

namespace lockstep {

using rocksdb::ColumnFamilyHandle;
using rocksdb::Status;

void remember_manifest(rocksdb::DB& db) {
  std::vector<std::string> files;
  std::uint64_t bytes = 0;
  constexpr bool and_flush = false;
  if (!db.GetLiveFiles(files, &bytes, and_flush).ok()) return;
  const auto manifest = std::ranges::find_if(
      files, [](const std::string& file) { return file.starts_with("/MANIFEST-"); });
  if (manifest == files.end()) return;
  remember(*db.GetEnv(), db.GetName(), {manifest->substr(1), bytes});
}

bool is_derived(KvTable table) {
  return table == KvTable::views || table == KvTable::threads || table == KvTable::open_runs ||
         table == KvTable::feed;
}

std::string_view name_of(KvTable table) { return table_names[static_cast<std::size_t>(table)]; }

std::vector<TableDamage> RocksKv::damaged_tables() const {
  rocksdb::DB& db = *parts_->db;
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  std::vector<TableDamage> damaged;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string path = db.GetName() + file.name;
    const std::string what = damage_of_table(*db.GetEnv(), path);
    if (what.empty()) continue;
    // A server next to this reader removes tables that it needs no more; the reader has them open.
    const bool is_there = db.GetEnv()->FileExists(path).ok();
    if (!is_there && db.GetDBOptions().max_open_files == -1) continue;
    const auto name = std::ranges::find(table_names, file.column_family_name);
    TableDamage damage{.file = path, .table = {}, .what = what};
    if (name != table_names.end()) {
      damage.table = static_cast<KvTable>(name - table_names.begin());
      damage.what += " (of the table `" + file.column_family_name + "`)";
    }
    damaged.push_back(std::move(damage));
  }
  return damaged;
}

Result<void> RocksKv::check_tables() const {
  const auto damaged = damaged_tables();
  if (damaged.empty()) return {};
  return fail(Kind::corrupt, codes::corrupt, damaged.front().what);
}

// The remedy depends on the table: a rebuild makes derived tables again. So this opens the database
// again in the way that tolerates damaged files, and reads from the manifest to which table a file
// belongs; a damaged file itself may have lost this name.
Error RocksKv::error_of_opening(const Status& status, RocksOptions options,
                                const std::string& path) {
  Error error = opening_error(status, *(options.env ? options.env : rocksdb::Env::Default()), path);
  if (!status.IsCorruption() || std::exchange(options.opens_damaged_tables, true)) return error;
  const auto opened = try_read_only(path, options);
  if (!opened) return error;
  rocksdb::DB& db = (*opened)->database();
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  std::optional<Error> derived;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string why = opening_damage(*db.GetEnv(), db.GetName() + file.name);
    if (why.empty()) continue;
    const auto name = std::ranges::find(table_names, file.column_family_name);
    const std::string what = why + " (of the table `" + file.column_family_name + "`)";
    if (name == table_names.end() ||
        !is_derived(static_cast<KvTable>(name - table_names.begin()))) {
      return {Kind::corrupt, codes::corrupt, what};
    }
    derived = {Kind::corrupt, codes::derived_damaged, what};
  }
  return derived.value_or(error);
}

Result<void> RocksKv::drop(KvTable table) {
  MUST(is_derived(table));
  const auto place = static_cast<std::size_t>(table);
  MUST(place < parts_->families.size());  // a read-only opening keeps none
  ColumnFamilyHandle*& handle = parts_->handles[place];
  Status status = parts_->db->DropColumnFamily(handle);
  if (!status.ok()) return std::unexpected(error_of(status));
  status = parts_->db->DestroyColumnFamilyHandle(handle);
  handle = nullptr;
  if (status.ok()) {
    status = parts_->db->CreateColumnFamily(parts_->families[place].options, table_names[place],
                                            &handle);
  }
  if (!status.ok()) return std::unexpected(error_of(status));
  remember_manifest(*parts_->db);
  return {};
}

}  // namespace lockstep
