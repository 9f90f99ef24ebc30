// SPDX-License-Identifier: Apache-2.0
// rocks_kv_memory.cc: the memory of the database, and giving it back when the database is at rest.
//
// RocksDB writes a table in memory to the disk when the table is full, and drops a block when the
// cache is full: after a burst both stay full for ever. So the committer calls `rest` every few
// seconds. If hardly anything was written since the last call, `rest` writes the tables that hold
// much memory; if hardly anything was read, it drops the blocks that were used longest ago. It
// leaves a busy disk alone.
#include <rocksdb/options.h>

#include "engine/rocks/rocks_kv_parts.h"

namespace lockstep {
namespace {

using rocksdb::ColumnFamilyHandle;
using Properties = rocksdb::DB::Properties;

std::size_t sum_of(rocksdb::DB& db, const std::string& property) {
  std::uint64_t value = 0;
  return db.GetAggregatedIntProperty(property, &value) ? value : 0;
}

std::size_t value_of(rocksdb::DB& db, ColumnFamilyHandle* table, const std::string& property) {
  std::uint64_t value = 0;
  return db.GetIntProperty(table, property, &value) ? value : 0;
}

void write_tables(rocksdb::DB& db, const std::vector<ColumnFamilyHandle*>& tables) {
  rocksdb::FlushOptions beside;
  beside.wait = false;
  beside.allow_write_stall = true;  // else this call would wait; writes can't stall, see below
  for (ColumnFamilyHandle* table : tables) {
    if (value_of(db, table, Properties::kCurSizeActiveMemTable) < limits::rest_table_bytes)
      continue;
    // If a table is being written already, a second one would make commits wait for the first.
    if (value_of(db, table, Properties::kNumImmutableMemTable) > 0) continue;
    // A failure is a background error, which ends the process (fail_stop.h).
    db.Flush(beside, table).PermitUncheckedError();
  }
}

}  // namespace

StoreMemory RocksKv::memory() const {
  rocksdb::DB& db = *parts_->db;
  return {.unwritten = sum_of(db, Properties::kSizeAllMemTables),
          .cache = parts_->cache->GetUsage(),
          .indexes = sum_of(db, Properties::kEstimateTableReadersMem)};
}

void RocksKv::rest() {
  const std::size_t written = parts_->written.exchange(0, std::memory_order_relaxed);
  const std::size_t read = parts_->read.exchange(0, std::memory_order_relaxed);
  const StoreMemory held = memory();
  // Without compactions each flush would add a file for ever.
  if (parts_->compacts && written < limits::rest_bytes && held.unwritten > limits::rest_bytes) {
    write_tables(*parts_->db, parts_->handles);
  }
  if (read < limits::rest_bytes && held.cache > limits::rest_bytes) {
    rocksdb::Cache& cache = *parts_->cache;
    const std::size_t capacity = cache.GetCapacity();
    cache.SetCapacity(limits::rest_bytes);
    cache.SetCapacity(capacity);
  }
}

}  // namespace lockstep
