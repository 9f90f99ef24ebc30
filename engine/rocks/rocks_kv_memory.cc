// SPDX-License-Identifier: Apache-2.0
// rocks_kv_memory.cc: what the database holds in memory, and gives back when it is at rest.
//
// RocksDB writes a table in memory to the disk when it is full, and forgets a block when the cache
// is full: after a burst both stay full for ever. A look now and then finds them: if hardly
// anything was written since the last one, tables of which much lies in memory are written now, and
// if hardly anything was read, the blocks that were used longest ago go. A disk that is busy is
// left alone.
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
  beside.allow_write_stall = true;  // else this call would wait; it can't stall, see below
  for (ColumnFamilyHandle* table : tables) {
    if (value_of(db, table, Properties::kCurSizeActiveMemTable) < limits::rest_table_bytes)
      continue;
    // One that is being written already: a second beside it would let commits wait for the first.
    if (value_of(db, table, Properties::kNumImmutableMemTable) > 0) continue;
    // A failure is an error of the background, and ends the process (fail_stop.h).
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
  // Without compactions files would only become more.
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
