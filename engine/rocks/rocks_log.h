// SPDX-License-Identifier: Apache-2.0
// rocks_log.h: the log and the store in one folder of this machine.
//
// `open` is for the server: it takes the lock, recovers, checks, and starts the committer's thread.
// `open_read_only` is for tools: it needs no lock, works next to a running server, and shows the
// commits that were durable when it opened the store. store_folder.h lists the files of the folder.
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
    UpgradeTold told = {};  // progress of an upgrade, if the store has an older format
    // Only a rebuild opens a store whose last rebuild did not finish.
    bool rebuilds = false;
  };

  // Calls `on_failure` from any thread when the disk has failed; it should not return. Fails with
  // `denied`, `locked`, `not_a_store`, `unfinished_restore`, `unfinished_rebuild`, `newer_format`,
  // `corrupt`, `derived_damaged` (a rebuild makes the table again), `no_space` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open(const std::string& folder,
                                                              Parts parts,
                                                              FailStop::Action on_failure);
  // Fails with `no_store` and `older_format` too.
  [[nodiscard]] static Result<std::unique_ptr<RocksLog>> open_read_only(const std::string& folder,
                                                                        Parts parts);
  ~RocksLog();

  // A Log and a Store; valid as long as this lives.
  [[nodiscard]] KvLog& log() { return *log_; }
  [[nodiscard]] RocksKv& kv() { return *kv_; }

 private:
  explicit RocksLog(FailStop::Action on_failure) : fail_stop_(std::move(on_failure)) {}

  std::unique_ptr<FolderLock> lock_;
  FailStop fail_stop_;
  std::unique_ptr<WitnessFile> witness_;
  std::unique_ptr<RocksKv> kv_;
  std::unique_ptr<KvLog> log_;
  std::unique_ptr<CommitterThread> committer_;
};

}  // namespace lockstep
