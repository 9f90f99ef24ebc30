// SPDX-License-Identifier: Apache-2.0
// rocks_log.h: the log and the store in one folder of this machine.
//
// `open` is for the server: it takes the lock, recovers, checks, and starts the committer's thread.
// `open_read_only` is for tools: it needs no lock, works beside a running server, and shows what
// was durable when it was opened. What lies in the folder is in store_folder.h.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <string>

#include "engine/rocks/committer_thread.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/store_folder.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {

class RocksLog {
 public:
  struct Parts {
    Executor& executor;
    Random& random;
    RocksOptions options = {};
    UpgradeTold told = {};  // of an upgrade, if the store is of an older format
    // A rebuild that was cut short is gone on with; for anybody else it is no store.
    bool rebuilds = false;
  };

  // `on_failure` is called from any thread when the disk has failed, and should not return.
  // Fails with `locked`, `not_a_store`, `unfinished_restore`,
  // `unfinished_rebuild`, `newer_format`, `corrupt`, `derived_damaged` (a table that a rebuild
  // makes again) or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open(const std::string& folder,
                                                              Parts parts,
                                                              FailStop::Action on_failure);
  // Fails with `no_store` and `older_format` too.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open_read_only(const std::string& folder,
                                                                        Parts parts);
  ~RocksLog();

  // A Log and a Store; both live as long as this.
  [[nodiscard]] KvLog& log() { return *log_; }
  [[nodiscard]] RocksKv& kv() { return *kv_; }

 private:
  explicit RocksLog(FailStop::Action on_failure) : fail_stop_(std::move(on_failure)) {}

  std::unique_ptr<FolderLock> lock_;
  FailStop fail_stop_;
  std::unique_ptr<MarkFile> mark_;
  std::unique_ptr<RocksKv> kv_;
  std::unique_ptr<KvLog> log_;
  std::unique_ptr<CommitterThread> committer_;
};

}  // namespace lockstep
