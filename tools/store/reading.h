// SPDX-License-Identifier: Apache-2.0
// reading.h: a store, read without a server.
//
// Opened read-only, so beside a running server too: what is seen is what was durable when it was
// opened. Threads are folded from their entries, from the first one on, and every entry is checked
// before it is folded: the log is the truth, and a tool for looking should not trust the views.
//
// Lives on: the main thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "engine/store/log.h"
#include "engine/store/row_codec.h"
#include "engine/store/store.h"
#include "tools/base/system.h"

namespace lockstep {

class RocksLog;

// Called for each entry of a thread, with the state after it. False: that is enough.
using VisitEntry =
    std::function<bool(const StoredEntry& stored, const Entry& entry, const ThreadState& after)>;

class StoreReader {
 public:
  // `opens_damaged_tables`: for whoever looks for damage; what is damaged fails when it is read.
  // Fails with `no_store`, `not_a_store`, `newer_format`, `corrupt`, `derived_damaged` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<StoreReader>> open(const std::string& data,
                                                                 bool opens_damaged_tables = false);
  ~StoreReader();
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;

  [[nodiscard]] const Log& log() const;
  [[nodiscard]] const Store& store() const;
  [[nodiscard]] RocksLog& rocks() { return *rocks_; }

  // By user and id; the deleted ones too.
  [[nodiscard]] Result<std::vector<StampedThreadRecord>> threads() const;
  // Of this user, or of whoever has one with the id. Fails with `unknown_thread`, `deleted`, or if
  // several users have one with `ambiguous`, and names them.
  [[nodiscard]] Result<ThreadRecord> thread(const ThreadId& id,
                                            const std::optional<UserId>& user) const;

 private:
  StoreReader();

  struct Strand;
  std::unique_ptr<Strand> strand_;
  SystemRandom random_;
  std::unique_ptr<RocksLog> rocks_;
};

// All rows of the table, by user and id.
[[nodiscard]] Result<std::vector<StampedThreadRecord>> thread_records(const Store& store);

// Decodes the entry that comes right after `state`, checks it and folds it. Fails with `corrupt`;
// the state is then as it was.
[[nodiscard]] Result<Entry> fold_stored(ThreadState& state, const StoredEntry& stored);

// State(to), or now. Fails with `corrupt`, and says which entry of which thread.
[[nodiscard]] Result<ThreadState> fold_thread(const Log& log, ThreadNumber number,
                                              std::optional<Timestamp> to = {},
                                              const VisitEntry& visit = {});

}  // namespace lockstep
