// SPDX-License-Identifier: Apache-2.0
// remains_merge.h: the entries of many files, in one order.
//
// Each file gives its rows by key, over what is damaged; the least key comes next, with all that
// the files have under it. A value counts by its own checksum, so it does not matter which file is
// the newer one.
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

// Each block is needed once.
[[nodiscard]] rocksdb::ReadOptions one_reading();

// One file's entries, in order.
class Entries {
 public:
  virtual ~Entries() = default;
  // Null at the end.
  [[nodiscard]] virtual const KvRow* row() const = 0;
  virtual void next() = 0;
};

// Of write-ahead logs.
[[nodiscard]] std::unique_ptr<Entries> wal_entries(std::vector<KvRow> rows);

using OnDamage = std::function<void(const rocksdb::Status& status, ThreadNumber from)>;

// Of a table file. `threads_end`: no thread has this number or a greater one. Requires: the reader
// outlives it.
[[nodiscard]] std::unique_ptr<Entries> table_entries(rocksdb::SstFileReader& table,
                                                     std::uint64_t threads_end, OnDamage on_damage);

// All that lies under one key.
struct Found {
  LogKey key;
  std::optional<std::string> whole;  // a value whose checksum is right
  bool twice = false;                // there are two, and they differ
};

class Merged {
 public:
  void add(std::unique_ptr<Entries> entries);
  // Nothing at the end. A key that is none is passed over.
  [[nodiscard]] std::optional<Found> next();

 private:
  void take(Found& found);

  std::vector<std::unique_ptr<Entries>> files_;  // a heap: the least key first
};

}  // namespace lockstep
