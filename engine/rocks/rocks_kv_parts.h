// SPDX-License-Identifier: Apache-2.0
// rocks_kv_parts.h: the members of a RocksKv, for its three .cc files.
//
// The handles of the tables lie in the order of KvTable, then RocksDB's own `default`. The database
// outlives the handles, and has a pointer to `order`.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/must.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/wal_order.h"

namespace lockstep {

inline constexpr std::array<const char*, kv_table_count> table_names{
    "log", "views", "threads", "open_runs", "feed", "settings", "meta"};
static_assert(table_names[static_cast<std::size_t>(KvTable::log)] == std::string_view("log"));
static_assert(table_names[static_cast<std::size_t>(KvTable::views)] == std::string_view("views"));
static_assert(table_names[static_cast<std::size_t>(KvTable::feed)] == std::string_view("feed"));
static_assert(table_names[static_cast<std::size_t>(KvTable::meta)] == std::string_view("meta"));

struct RocksKv::Parts {
  WalOrder order;  // the database keeps a pointer to it
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // by KvTable, then RocksDB's own `default`
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // of an opening for writing, to drop one
  std::shared_ptr<rocksdb::Cache> cache;                  // of blocks, for all tables
  std::uint64_t dropped_bytes = 0;
  bool compacts = true;
  // Bytes of rows since the last look (rocks_kv_memory.cc).
  std::atomic<std::size_t> written = 0;
  std::atomic<std::size_t> read = 0;

  ~Parts() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      // Null after a `drop` that failed. Destroying a handle fails only for one that RocksDB did
      // not make.
      if (handle != nullptr) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(KvTable table) const {
    MUST(handles.size() == kv_table_count + 1);
    rocksdb::ColumnFamilyHandle* found = handles[static_cast<std::size_t>(table)];
    MUST(found != nullptr);
    return found;
  }
};

// Writes the manifest's present length to MANIFEST.known (rocks_files.h). The database counts only
// flushed bytes.
void remember_manifest(rocksdb::DB& db);

}  // namespace lockstep
