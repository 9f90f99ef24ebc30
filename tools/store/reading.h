// SPDX-License-Identifier: Apache-2.0
// reading.h: reads a store without a server.
//
// It opens the store read-only, so it works next to a running server, and shows the entries that
// were durable at the opening. It folds each thread from its first entry on, and checks each before
// it folds it: the log is the truth, and a tool that looks for damage must not trust the snapshots.
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

// Called for each entry of a thread, with the state after it. Returns false to stop.
using VisitEntry =
    std::function<bool(const StoredEntry& stored, const Entry& entry, const ThreadState& after)>;

class StoreReader {
 public:
  // `opens_damaged_tables`: opens a store with damaged tables too; a read of the damaged part
  // fails. Fails with `no_store`, `not_a_store`, `newer_format`, `corrupt`, `derived_damaged` or
  // `disk`.
  [[nodiscard]] static Result<std::unique_ptr<StoreReader>> open(const std::string& data,
                                                                 bool opens_damaged_tables = false);
  ~StoreReader();
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;

  [[nodiscard]] const Log& log() const;
  [[nodiscard]] const Store& store() const;
  [[nodiscard]] RocksLog& rocks() { return *rocks_; }

  // In the order of user and id; includes deleted threads.
  [[nodiscard]] Result<std::vector<StampedThreadRecord>> threads() const;
  // The thread of this user; without `user`, that of the only user with this id. Fails with
  // `unknown_thread`, `deleted`, or `ambiguous` if several users have one, and names the users.
  [[nodiscard]] Result<ThreadRecord> thread(const ThreadId& id,
                                            const std::optional<UserId>& user) const;

 private:
  StoreReader();

  struct Strand;
  std::unique_ptr<Strand> strand_;
  SystemRandom random_;
  std::unique_ptr<RocksLog> rocks_;
};

// All rows of the list of threads, in the order of user and id.
[[nodiscard]] Result<std::vector<StampedThreadRecord>> thread_records(const Store& store);

// Decodes the entry that comes right after `state`, checks it and folds it. Fails with `corrupt`;
// the state is then as it was.
[[nodiscard]] Result<Entry> fold_stored(ThreadState& state, const StoredEntry& stored);

// The state at `to`, or the current one. Fails with `corrupt`, and names the entry and thread.
[[nodiscard]] Result<ThreadState> fold_thread(const Log& log, ThreadNumber number,
                                              std::optional<Timestamp> to = {},
                                              const VisitEntry& visit = {});

}  // namespace lockstep
