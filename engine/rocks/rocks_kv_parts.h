// SPDX-License-Identifier: Apache-2.0
// rocks_kv_parts.h: what a RocksKv is made of, for the two files that it is written in.
//
// The handles of the tables lie in the order of KvTable, then RocksDB's own `default`; the database
// outlives them, and has a pointer to `order`.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/wal_order.h"

namespace lockstep {

inline constexpr std::array<const char*, kv_table_count> table_names{
    "log", "views", "threads", "open_runs", "feed", "settings", "meta"};

struct RocksKv::Parts {
  WalOrder order;  // the database keeps a pointer to it
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // by KvTable, then RocksDB's own `default`
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  std::shared_ptr<rocksdb::Cache> cache;  // of blocks, for all tables
  std::uint64_t dropped_bytes = 0;
  bool compacts = true;
  // Bytes of rows since the last look (rocks_kv_memory.cc).
  std::atomic<std::size_t> written = 0;
  std::atomic<std::size_t> read = 0;

  ~Parts() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      // The database outlives its handles, so this can't fail but for a handle that is none.
      if (handle != nullptr) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(KvTable table) const {
    return handles[static_cast<std::size_t>(table)];
  }
};

// What the database knows of its manifest is flushed: it keeps the length of what was.
void remember_manifest(rocksdb::DB& db);

}  // namespace lockstep
