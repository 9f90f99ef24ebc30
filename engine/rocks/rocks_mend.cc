// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_mend.h"

#include <rocksdb/env.h>

#include <algorithm>

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

// The rows of deleted threads, from wherever they can be read; each once.
Result<std::vector<KvRow>> tombstones_in(const std::string& database) {
  const auto remains = Remains::open(database);
  if (!remains) return std::unexpected(remains.error());
  std::vector<KvRow> rows = (*remains)->rows(KvTable::threads);
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
  const auto lock = FolderLock::take(folder, FolderLock::Mode::alone);
  if (!lock) return std::unexpected(lock.error());
  Mended mended;
  std::vector<TableDamage> damaged;
  {
    const auto kv = RocksKv::open_read_only(database, options);
    if (!kv) return std::unexpected(kv.error());
    damaged = (*kv)->damaged_tables();
  }
  for (const TableDamage& damage : damaged) {
    if (!damage.table || !is_derived(*damage.table)) {
      return fail(Kind::corrupt, "corrupt", damage.what);
    }
    mended.damages.push_back(damage.what);
    if (std::ranges::find(mended.dropped, *damage.table) == mended.dropped.end()) {
      mended.dropped.push_back(*damage.table);
    }
  }
  if (mended.dropped.empty()) return mended;
  const auto tombstones = tombstones_in(database);
  if (!tombstones) return std::unexpected(tombstones.error());
  FailStop fail_stop([](const std::string&) {});  // `commit` says it too
  auto kv = RocksKv::open(database, options, fail_stop);
  if (!kv) return std::unexpected(kv.error());
  KvBatch batch;
  batch.put(KvTable::meta, std::string(rebuilding_key), {});
  for (const auto& [key, value] : *tombstones) {
    batch.put(KvTable::meta, std::string(rebuilding_tombstone) + key, value);
  }
  if (auto marked = (*kv)->commit(batch); !marked) return std::unexpected(marked.error());
  for (const KvTable table : mended.dropped) {
    if (auto dropped = (*kv)->drop(table); !dropped) return std::unexpected(dropped.error());
  }
  if (auto on = allow_compaction(*rocksdb::Env::Default(), database); !on) {
    return std::unexpected(on.error());
  }
  return mended;
}

}  // namespace lockstep
