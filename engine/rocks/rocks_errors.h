// SPDX-License-Identifier: Apache-2.0
// rocks_errors.h: what RocksDB says, in the words of this program, and with the file's name.
//
// Whoever has a damaged file has to know which: a status that names none is completed here.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/status.h>

#include <string>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep {

// `corrupt`, also for a table that is missing; or `disk`.
[[nodiscard]] Error error_of(const rocksdb::Status& status);

// Of an opening that failed: RocksDB may name no file, or the manifest for a table.
[[nodiscard]] Error opening_error(const rocksdb::Status& status, rocksdb::Env& env,
                                  const std::string& path);

// Of a read of this range. Where RocksDB names no file, those are named that have such keys.
[[nodiscard]] Error reading_error(const rocksdb::Status& status, rocksdb::DB& db,
                                  rocksdb::ColumnFamilyHandle& table, const KvRange& range);

}  // namespace lockstep
