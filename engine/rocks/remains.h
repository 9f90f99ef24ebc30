// SPDX-License-Identifier: Apache-2.0
// remains.h: what can still be read of a database that is damaged.
//
// RocksDB opens a database as a whole or not at all, and reads a key through all tables that may
// have it: one damaged block hides what lies whole in others. But an entry of the log is whole in
// itself: its checksum covers its key, so it can be taken from wherever it lies. So every table
// file and every write-ahead log is read by itself, whatever the manifest says, and what is whole
// comes out in the order of the keys:
//
//   000012.sst ──┐
//   000037.sst ──┼─> merged by key, each once ─> LogKey, LogValue
//   000039.log ──┘   (up to its damage)
//
// In a table what lies in a damaged block is passed over up to the next thread, for behind a
// damaged entry nothing of its thread counts. Of the write-ahead logs counts what comes before the
// first damage or gap; what comes behind it counts too if all between lies in tables already.
//
// Rows of the other tables come in all versions that are found, without an order: whoever reads
// them must be able to tell the right one by what it says.
//
// Lives on: any one thread; reads only, and writes nothing beside the files.
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

  // Every entry that is there, by key, each once; nothing in the place of its value if none that
  // lies under this key is whole, or if two are and differ. Ends with the visitor's first error.
  using VisitEntry = std::function<Result<void>(LogKey key, const std::optional<LogValue>& value)>;
  [[nodiscard]] Result<void> log(const VisitEntry& visit);

  // Of `threads`, `feed`, `settings` or `meta`.
  [[nodiscard]] const std::vector<KvRow>& rows(KvTable table) const;
  // Threads whose entries are to go, as the write-ahead logs say.
  [[nodiscard]] const std::set<ThreadNumber>& erased() const;
  // Is a write-ahead log damaged? Behind that may have been what has no commit number: deletions.
  [[nodiscard]] bool log_cut() const;
  // What is damaged, by file; grows while the log is read.
  [[nodiscard]] const std::vector<std::string>& damages() const;

 private:
  struct Parts;
  explicit Remains(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lockstep
