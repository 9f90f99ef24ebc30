// SPDX-License-Identifier: Apache-2.0
// remains_merge.h: merges the entries of many files into one order.
//
// Each file returns its rows by key and skips damage; the merge returns the least key next, with
// all values that the files have under it. A value counts by its own checksum, so it does not
// matter which file is newer.
//
// Lives on: any one thread.
#pragma once

#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rocks/kv.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {

// For reading each block once: it is not put into a cache.
[[nodiscard]] rocksdb::ReadOptions one_reading();

// One file's entries, in order.
class Entries {
 public:
  virtual ~Entries() = default;
  // Null at the end.
  [[nodiscard]] virtual const KvRow* row() const = 0;
  virtual void next() = 0;
};

// The entries of write-ahead logs.
[[nodiscard]] std::unique_ptr<Entries> wal_entries(std::vector<KvRow> rows);

using OnDamage = std::function<void(const rocksdb::Status& status, ThreadNumber from)>;

// The entries of a table file. `threads_end`: all thread numbers are below it. Requires: the reader
// outlives the result.
[[nodiscard]] std::unique_ptr<Entries> table_entries(rocksdb::SstFileReader& table,
                                                     std::uint64_t threads_end, OnDamage on_damage);

// The values under one key.
struct Found {
  LogKey key;
  std::optional<std::string> whole;  // a value with the right checksum
  bool twice = false;                // there are two such values, and they differ
};

class Merged {
 public:
  void add(std::unique_ptr<Entries> entries);
  // Nothing at the end. Skips keys that can't be read.
  [[nodiscard]] std::optional<Found> next();

 private:
  void take(Found& found);

  std::vector<std::unique_ptr<Entries>> files_;  // a heap: the least key first
};

}  // namespace lockstep
