// SPDX-License-Identifier: Apache-2.0
// rocks_files.h: what can be told of the database's files before it is opened.
//
// Opening a database writes: RocksDB makes a new manifest and removes what the old one did not
// name. So what is damaged has to be found first. The manifest and the write-ahead logs are walked
// record by record (record_walk.h), and a database that has files but does not say which of them
// count is refused, not made anew over them.
//
// A manifest that is cut off between two records looks whole, and RocksDB then forgets the tables
// that were named behind the cut. So its length is kept in a file of our own beside it,
// MANIFEST.known, written after each change that has become durable:
//
//   name · space · bytes in decimal · space · crc32c of all before in 8 hex digits · newline
//
// A manifest that is shorter, or older, is refused. Without the file nothing is known.
//
// A compaction that meets a damaged table ends the process, and so it would at each start. So it
// leaves a file behind, COMPACTION.off, that says why; while it is there tables stay as they are,
// and the rest is served. Reading gets slower with the years, so a copy should be restored.
//
// Lives on: whoever opens the database; a compaction's end on RocksDB's own threads.
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
  std::uint64_t log_bytes = 0;      // of the write-ahead logs: so much may become tables
  std::uint64_t dropped_bytes = 0;  // behind the last whole records of them
  bool compacts = true;
};

struct KnownManifest {
  std::string name;
  std::uint64_t bytes = 0;
};

// Writes MANIFEST.known. If it fails, the former one stays: that is true still, and knows less.
void remember(rocksdb::Env& env, const std::string& path, const KnownManifest& manifest);

// No compaction from the next opening on.
void stop_compaction(rocksdb::Env& env, const std::string& path, const std::string& why);

// Fails with `corrupt`, naming the file, or with `disk`.
[[nodiscard]] Result<RocksFiles> check_files(rocksdb::Env& env, const std::string& path);

// Is there room to open it? RocksDB (7.8) aborts the process if a file of its start can't be
// written. Fails with `disk`.
[[nodiscard]] Result<void> check_room(rocksdb::Env& env, const std::string& path,
                                      std::uint64_t log_bytes);

// Reads every block of one table file, and says what is wrong with it; empty if nothing is.
[[nodiscard]] std::string damage_of_table(rocksdb::Env& env, const std::string& file);

// The same, but only of what opening it needs.
[[nodiscard]] std::string opening_damage(rocksdb::Env& env, const std::string& file);

// Is a file of records (a write-ahead log, a manifest) whole? In words, as above.
[[nodiscard]] std::string damage_of_records(rocksdb::Env& env, const std::string& file);

// A table that is damaged was dropped: compactions may go on.
[[nodiscard]] Result<void> allow_compaction(rocksdb::Env& env, const std::string& path);

// After an opening that failed: the first table that can't be opened by itself, in words; empty if
// they all can. RocksDB names the manifest then.
[[nodiscard]] std::string damaged_table(rocksdb::Env& env, const std::string& path);

}  // namespace lockstep
