// SPDX-License-Identifier: Apache-2.0
// rocks_files.h: checks the database's files before RocksDB opens them.
//
// Opening a database writes: RocksDB makes a new manifest and removes the files that the old one
// did not name. So damage has to be found first. We walk the manifest and the write-ahead logs
// record by record (record_walk.h). We refuse a database that has files but does not say which of
// them count; RocksDB would make a new one over them.
//
// A manifest that is cut off between two records looks whole, and RocksDB then forgets the tables
// that were named behind the cut. So we keep its length in a file of our own next to it,
// MANIFEST.known, and write that after each opening, flush and compaction:
//
//   name · space · bytes in decimal · space · crc32c of all before in 8 hex digits · newline
//
// We refuse a manifest that is shorter, or older. Without the file this check is skipped.
//
// A compaction that meets a damaged table ends the process, and would do so after each start. So it
// leaves a file behind, COMPACTION.off, with the reason. While that file exists nothing is
// compacted, and the server serves the rest. Reading gets slower with time, so the operator should
// restore a backup.
//
// Lives on: the thread that opens the database; the end of a compaction on RocksDB's own threads.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace rocksdb {
class Env;
}

namespace lockstep {

struct RocksFiles {
  bool is_new = false;              // there is no database yet
  std::uint64_t log_bytes = 0;      // of the write-ahead logs: an opening may write them as tables
  std::uint64_t dropped_bytes = 0;  // behind the last whole record of each log
  bool compacts = true;
};

struct KnownManifest {
  std::string name;
  std::uint64_t bytes = 0;
};

// Writes MANIFEST.known. If that fails, the former file stays: it is still true, with a lower
// bound.
void remember(rocksdb::Env& env, const std::string& path, const KnownManifest& manifest);

// Writes COMPACTION.off: no compaction from the next opening on.
void stop_compaction(rocksdb::Env& env, const std::string& path, const std::string& why);

// Fails with `corrupt`, naming the file, or with `disk`.
[[nodiscard]] Result<RocksFiles> check_files(rocksdb::Env& env, const std::string& path);

// Checks that the disk has room for an opening: RocksDB (7.8) aborts the process if it can't write
// a file then. Fails with `disk`.
[[nodiscard]] Result<void> check_room(rocksdb::Env& env, const std::string& path,
                                      std::uint64_t log_bytes);

// Reads every block of one table file, and describes the damage; empty if there is none.
[[nodiscard]] std::string damage_of_table(rocksdb::Env& env, const std::string& file);

// The same, but reads only the blocks that an opening needs.
[[nodiscard]] std::string opening_damage(rocksdb::Env& env, const std::string& file);

// The same for a file of records (a write-ahead log, a manifest).
[[nodiscard]] std::string damage_of_records(rocksdb::Env& env, const std::string& file);

// Removes COMPACTION.off, after the damaged table was dropped. Fails with `disk`.
[[nodiscard]] Result<void> allow_compaction(rocksdb::Env& env, const std::string& path);

// After an opening that failed: describes the first table file that can't be opened by itself;
// empty if all can. RocksDB names the manifest in its place.
[[nodiscard]] std::string damaged_table(rocksdb::Env& env, const std::string& path);

}  // namespace lockstep
