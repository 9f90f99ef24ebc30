// SPDX-License-Identifier: Apache-2.0
// rocks_errors.h: turns RocksDB's statuses into errors of this program, with the file's name.
//
// An operator with a damaged file has to know which one. RocksDB does not always name it; then
// these functions find it.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/status.h>

#include <string>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep {

// `corrupt`, also for a table that is missing; or `disk`.
[[nodiscard]] Error error_of(const rocksdb::Status& status);

// For an opening that failed: RocksDB may name no file, or the manifest in place of a table.
[[nodiscard]] Error opening_error(const rocksdb::Status& status, rocksdb::Env& env,
                                  const std::string& path);

// For a read of this range. If RocksDB names no file, this names the files that have such keys.
[[nodiscard]] Error reading_error(const rocksdb::Status& status, rocksdb::DB& db,
                                  rocksdb::ColumnFamilyHandle& table, const KvRange& range);

}  // namespace lockstep
