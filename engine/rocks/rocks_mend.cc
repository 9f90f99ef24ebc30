// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_mend.h"

#include <rocksdb/env.h>

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rocks/remains.h"
#include "engine/rocks/rocks_files.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/store_folder.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

bool is_tombstone(const KvRow& row) {
  const auto record = decode_thread_record(row.first, row.second);
  return record && !record->record.thread;
}

// The rows of deleted threads, from every file that can be read; each key once.
Result<std::vector<KvRow>> tombstones_in(const std::string& database) {
  TRY_LET(remains, Remains::open(database));
  std::vector<KvRow> rows = remains->rows(KvTable::threads);
  std::erase_if(rows, [](const KvRow& row) { return !is_tombstone(row); });
  std::ranges::sort(rows);
  const auto same = std::ranges::unique(rows, {}, &KvRow::first);
  rows.erase(same.begin(), same.end());
  return rows;
}

}  // namespace

Result<Mended> drop_damaged_tables(const std::string& folder) {
  const std::string database = store_folder::path(folder, store_folder::database);
  const RocksOptions options{.opens_damaged_tables = true};
  TRY_LET(lock, FolderLock::take(folder, FolderLock::Mode::alone));
  Mended mended;
  std::vector<TableDamage> damaged;
  {
    TRY_LET(kv, RocksKv::open_read_only(database, options));
    damaged = kv->damaged_tables();
  }
  for (const TableDamage& damage : damaged) {
    if (!damage.table || !is_derived(*damage.table)) {
      return fail(Kind::corrupt, codes::corrupt, damage.what);
    }
    mended.damages.push_back(damage.what);
    if (std::ranges::find(mended.dropped, *damage.table) == mended.dropped.end()) {
      mended.dropped.push_back(*damage.table);
    }
  }
  if (mended.dropped.empty()) return mended;
  TRY_LET(tombstones, tombstones_in(database));
  FailStop fail_stop([](const std::string&) {});  // `commit` returns the error too
  TRY_LET(kv, RocksKv::open(database, options, fail_stop));
  KvBatch batch;
  batch.put(KvTable::meta, std::string(rebuilding_key), {});
  for (const auto& [key, value] : tombstones) {
    batch.put(KvTable::meta, std::string(rebuilding_tombstone) + key, value);
  }
  // In one commit, and before any drop: from here on only a rebuild opens the store.
  TRY(kv->commit(batch));
  for (const KvTable table : mended.dropped) {
    TRY(kv->drop(table));
  }
  TRY(allow_compaction(*rocksdb::Env::Default(), database));
  return mended;
}

}  // namespace lockstep
