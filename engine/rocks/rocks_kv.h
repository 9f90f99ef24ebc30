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
}  // namespace rocksdb

namespace lockstep {

struct RocksOptions {
  std::size_t block_cache_bytes = limits::block_cache_bytes;
  std::size_t write_buffer_bytes = limits::write_buffer_bytes;
  rocksdb::Env* env = nullptr;  // another file layer, for tests; nullptr: the machine's own
};

class RocksKv : public Kv {
 public:
  // Fails with `corrupt`, `not_a_store`, `newer_format` (tables that we don't know) or
  // `unavailable`. Requires: `fail_stop` lives longer.
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

  // What a crash had left unfinished, and unflushed, at the end of the write-ahead logs when this
  // was opened: it is cut off.
  [[nodiscard]] std::uint64_t dropped_bytes() const;

  // False since a compaction met a damaged table (rocks_files.h).
  [[nodiscard]] bool compacts() const;

  // Reads every block of every table, also those that no row needs (filters, indexes), and says
  // which is damaged. What lies in memory is not looked at.
  [[nodiscard]] Result<void> check_tables() const;

  // A consistent copy, of hard links where it can be, in a folder that is not there yet.
  [[nodiscard]] Result<void> copy_to(const std::string& path);
  // For what RocksDB does with a whole database (rocks_backup.h); lives as long as this.
  [[nodiscard]] rocksdb::DB& database() const;

 private:
  struct Parts;
  explicit RocksKv(std::unique_ptr<Parts> parts);
  [[nodiscard]] static Result<std::unique_ptr<RocksKv>> try_read_only(const std::string& path,
                                                                      const RocksOptions& options);

  std::unique_ptr<Parts> parts_;
};

}  // namespace lockstep
