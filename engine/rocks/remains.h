// SPDX-License-Identifier: Apache-2.0
// remains.h: reads the rows that a damaged database still has, for a salvage.
//
// RocksDB opens a database as a whole or not at all, and reads a key through all tables that may
// have it: one damaged block hides whole rows in other tables. But an entry of the log proves
// itself: its checksum covers its key, so we can take it from any file. So this class reads every
// table file and every write-ahead log by itself, without the manifest, and returns the whole
// entries in the order of their keys:
//
//   000012.sst ──┐
//   000037.sst ──┼─> merged by key, each once ─> LogKey, LogValue
//   000039.log ──┘   (up to its damage)
//
// Behind a damaged block of a table it skips to the next thread, because no entry of a thread
// counts behind a damaged one. The records of the write-ahead logs count up to the first damage or
// gap; those behind it count only if tables have all commits between.
//
// Rows of the other tables come in all versions, in no order: the caller must recognise the right
// version by its content.
//
// Lives on: any one thread; it only reads, and writes nothing next to the files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/rocks/kv.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {

class Remains {
 public:
  // `path`: the folder of the database. Reads the write-ahead logs and the small tables. Fails with
  // `no_store` if there is no file of a database, or with `disk`.
  [[nodiscard]] static Result<std::unique_ptr<Remains>> open(const std::string& path);
  ~Remains();
  Remains(const Remains&) = delete;
  Remains& operator=(const Remains&) = delete;

  // Calls `visit` for every key of an entry, in order, each once; without a value if no value under
  // this key is whole, or if two whole values differ. Ends with the visitor's first error.
  using VisitEntry = std::function<Result<void>(LogKey key, const std::optional<LogValue>& value)>;
  [[nodiscard]] Result<void> log(const VisitEntry& visit);

  // The rows of `threads`, `feed`, `settings` or `meta`; no other table is kept.
  [[nodiscard]] const std::vector<KvRow>& rows(KvTable table) const;
  // Threads whose entries a record of the write-ahead logs removes.
  [[nodiscard]] const std::set<ThreadNumber>& erased() const;
  // Is a write-ahead log damaged? Then deletions may be lost: no missing entry would show it.
  [[nodiscard]] bool log_torn() const;
  // The damages in words, a line a file; `log` adds those that it finds.
  [[nodiscard]] const std::vector<std::string>& damages() const;

 private:
  struct Parts;
  explicit Remains(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lockstep
