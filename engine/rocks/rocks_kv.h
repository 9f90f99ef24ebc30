// SPDX-License-Identifier: Apache-2.0
// rocks_kv.h: the disk that the log needs, on RocksDB.
//
// One column family a table. Each commit is one write batch and one flush of RocksDB's write-ahead
// log; RocksDB shows a batch to readers only after that flush. Its own errors do not leave this
// folder, and an error that its background work runs into ends the process like any other
// (fail_stop.h).
//
// A reader beside a running server opens the same folder read-only: it reads the manifest and the
// write-ahead logs as they are now, so it sees the newest commits, keeps the files that it reads
// open, and writes nothing. If the server removes a file between these steps, it begins anew. (As a
// RocksDB "secondary" it would take a damaged or missing table for one that is not there yet, and
// show an older time.)
//
// Lives on: `commit` on the committer's thread, reads on any.
#pragma once

#include <memory>
#include <string>

#include "engine/rocks/fail_stop.h"
#include "engine/rocks/kv.h"
#include "engine/rocks/limits.h"

namespace rocksdb {
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace lockstep {

// A file of the database that is damaged or missing.
struct TableDamage {
  std::string file;
  std::optional<KvTable> table;  // nothing: of none that we know
  std::string what;              // with the file's path and the table's name
};

// May this table be lost, because the log makes it again?
[[nodiscard]] bool is_derived(KvTable table);
[[nodiscard]] std::string_view name_of(KvTable table);

struct RocksOptions {
  std::size_t block_cache_bytes = limits::block_cache_bytes;
  std::size_t write_buffer_bytes = limits::write_buffer_bytes;
  // Of all tables in memory together: the largest is flushed above it; 0: each by itself.
  std::size_t memtables_bytes = 0;
  rocksdb::Env* env = nullptr;  // another file layer, for tests; nullptr: the machine's own
  // For whoever looks for damage, or mends it: a table's file is opened when it is read, so one
  // that is damaged or missing is no error of the opening. Nothing is compacted.
  bool opens_damaged_tables = false;
};

class RocksKv : public Kv {
 public:
  // Fails with `corrupt`, `derived_damaged` (a table that a rebuild makes again), `not_a_store`,
  // `newer_format` (tables that we don't know) or `disk`. Requires: `fail_stop` lives longer.
  [[nodiscard]] static Result<std::unique_ptr<RocksKv>> open(const std::string& path,
                                                             const RocksOptions& options,
                                                             FailStop& fail_stop);
  [[nodiscard]] static Result<std::unique_ptr<RocksKv>> open_read_only(const std::string& path,
                                                                       const RocksOptions& options);
  ~RocksKv() override;

  [[nodiscard]] Result<void> commit(const KvBatch& batch) override;
  [[nodiscard]] Result<std::optional<std::string>> get(KvTable table,
                                                       std::string_view key) const override;
  [[nodiscard]] Result<std::vector<KvRow>> scan(const KvRange& range) const override;

  [[nodiscard]] StoreMemory memory() const override;
  // Writes tables of which much lies in memory to the disk, beside other work, and lets go of
  // blocks that were read.
  void rest() override;

  // What a crash had left unfinished, and unflushed, at the end of the write-ahead logs when this
  // was opened: it is cut off.
  [[nodiscard]] std::uint64_t dropped_bytes() const;

  // False since a compaction met a damaged table (rocks_files.h).
  [[nodiscard]] bool compacts() const;

  // Reads every block of every table file, also those that no row needs (filters, indexes), and
  // says which are damaged. What lies in memory is not looked at.
  [[nodiscard]] std::vector<TableDamage> damaged_tables() const;
  // Fails with `corrupt` and the first of them.
  [[nodiscard]] Result<void> check_tables() const;

  // Forgets all rows of a table, without reading any of its files, and begins it anew. Requires: it
  // is derived.
  [[nodiscard]] Result<void> drop(KvTable table);

  // A consistent copy, of hard links where it can be, in a folder that is not there yet.
  [[nodiscard]] Result<void> copy_to(const std::string& path);
  // For what RocksDB does with a whole database (rocks_backup.h); lives as long as this.
  [[nodiscard]] rocksdb::DB& database() const;

 private:
  struct Parts;
  explicit RocksKv(std::unique_ptr<Parts> parts);
  [[nodiscard]] static Result<std::unique_ptr<RocksKv>> try_read_only(const std::string& path,
                                                                      const RocksOptions& options);
  [[nodiscard]] static Error error_of_opening(const rocksdb::Status& status, RocksOptions options,
                                              const std::string& path);

  std::unique_ptr<Parts> parts_;
};

}  // namespace lockstep
