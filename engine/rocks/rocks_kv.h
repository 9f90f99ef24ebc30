// SPDX-License-Identifier: Apache-2.0
// rocks_kv.h: the disk below the log (kv.h), on RocksDB.
//
// One column family a table. Each commit is one write batch and one flush of RocksDB's write-ahead
// log; RocksDB shows a batch to readers only after that flush. RocksDB's statuses do not leave this
// folder. An error of RocksDB's background work ends the process, like a failed commit
// (fail_stop.h).
//
// A reader next to a running server opens the same folder read-only: it reads the manifest and the
// write-ahead logs as they are now, so it sees the newest commits, keeps its files open, and writes
// nothing. If the server removes a file between these steps, the reader starts again. (A RocksDB
// "secondary" would take a damaged or missing table for one that is not there yet, and show an
// older state.)
//
// Lives on: `commit` on the committer's thread, reads on any thread.
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
  std::optional<KvTable> table;  // nothing: this program does not know its table
  std::string what;              // in words, with the file's path and the table's name
};

// Can the table be made again from the log?
[[nodiscard]] bool is_derived(KvTable table);
[[nodiscard]] std::string_view name_of(KvTable table);

struct RocksOptions {
  std::size_t block_cache_bytes = limits::block_cache_bytes;
  std::size_t write_buffer_bytes = limits::write_buffer_bytes;
  // Of all tables in memory together: above it the largest is flushed; 0: no common bound.
  std::size_t memtables_bytes = 0;
  rocksdb::Env* env = nullptr;  // another file layer, for tests; nullptr: the machine's own
  // For code that looks for damage, or mends it: RocksDB opens a table's file when it reads it, so
  // a damaged or missing file does not fail the opening. Nothing is compacted.
  bool opens_damaged_tables = false;
};

class RocksKv : public Kv {
 public:
  // Fails with `corrupt`, `derived_damaged` (a rebuild makes the table again), `not_a_store`,
  // `newer_format` (it has unknown tables) or `disk`. Requires: `fail_stop` lives longer.
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
  // Writes tables that hold much memory to the disk, in the background, and drops cached blocks.
  void rest() override;

  // The unfinished, unflushed bytes at the end of the write-ahead logs, which a crash had left and
  // the opening dropped.
  [[nodiscard]] std::uint64_t dropped_bytes() const;

  // False since a compaction met a damaged table (rocks_files.h).
  [[nodiscard]] bool compacts() const;

  // Reads every block of every table file, also those that hold no rows (filters, indexes), and
  // returns the damaged files. Does not look at tables in memory.
  [[nodiscard]] std::vector<TableDamage> damaged_tables() const;
  // Fails with `corrupt` and the first of the damaged files.
  [[nodiscard]] Result<void> check_tables() const;

  // Drops all rows of a table without reading its files, and begins an empty one. Requires: the
  // table is derived, and `open` made this.
  [[nodiscard]] Result<void> drop(KvTable table);

  // Makes a consistent copy, of hard links where possible. Requires: the folder does not exist yet.
  [[nodiscard]] Result<void> copy_to(const std::string& path);
  // For RocksDB's operations on a whole database (rocks_backup.h); valid as long as this lives.
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
