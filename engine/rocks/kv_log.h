// SPDX-License-Identifier: Apache-2.0
// kv_log.h: the log and the store on any disk.
//
//   append ─> CommitQueue ─> Committer ─> Kv, Mark ─> engine strand: on_commit, then done
//   read, get, scan ─────────────────────> Kv
//
// Opening checks that the store is ours and of a format we know, that the log ends where its tail
// says, and that it does not end below the mark; it does not read every thread. A store of an older
// format is then upgraded (upgrade.h), if it is opened for writing. Reading checks each
// row by its checksum and against the row before it: what is damaged is an error, never other data.
//
// A read may see an entry that is durable but was not yet reported to `follow`, as both come from
// another thread.
//
// Lives on: the engine strand; `committer()` is driven by a CommitterThread or by a test.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/rocks/committer.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/upgrade.h"
#include "engine/store/epochs.h"
#include "engine/store/log.h"
#include "engine/store/store.h"

namespace lockstep {

// What a start found; one line for the operator.
struct OpenReport {
  bool created = false;
  CommitNumber last;
  // Nothing if the side file was missing: then damage since the last commit can't be told from
  // none.
  std::optional<CommitNumber> mark;
  // Unfinished at the log's end, never flushed, never acknowledged: cut off.
  std::uint64_t dropped_bytes = 0;
};

enum class Access { read_write, read_only };

class KvLog : public Log, public Store {
 public:
  struct Parts {
    Kv& kv;
    Mark& mark;
    FailStop& fail_stop;
    Executor& executor;
    Random& random;
    Access access = Access::read_write;
    std::uint64_t dropped_bytes = 0;  // by the disk, when it was opened: for the report
    UpgradeTold told = {};            // of an upgrade; may be empty
    std::uint32_t upgrade_rows = limits::upgrade_rows_max;  // that one write of it takes
  };

  // Fails with `corrupt` (and says what is missing), `newer_format`, `not_a_store`; opened
  // read-only also with `no_store` if there is none, and with `older_format` if it would have to be
  // upgraded. Requires: the parts live longer than the log.
  [[nodiscard]] static Result<std::unique_ptr<KvLog>> open(Parts parts);
  ~KvLog() override;

  // --- Log; opened read-only, writes fail with `read_only` ---------------------------------------
  void append(Append append, Done<Result<CommitNumber>> done) override;
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override;
  void follow(OnCommit on_commit) override;
  [[nodiscard]] CommitNumber last_commit() const override { return delivery_->last; }
  // A stamped row takes a commit number that no entry has. Views and entries of `erase` go in the
  // same batch as the rows come.
  void write(std::vector<Row> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override;

  // --- Store -------------------------------------------------------------------------------------
  [[nodiscard]] Result<std::optional<std::string>> get(Table table,
                                                       std::string_view key) const override;
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const override;
  [[nodiscard]] StoreMemory memory() const override { return parts_.kv.memory(); }

  // --- What a start found ------------------------------------------------------------------------
  [[nodiscard]] const OpenReport& report() const { return report_; }
  [[nodiscard]] const Epochs& epochs() const { return epochs_; }

  // --- For whoever drives the commits ------------------------------------------------------------
  [[nodiscard]] CommitQueue& queue() { return queue_; }
  [[nodiscard]] Committer& committer() { return committer_; }

 private:
  KvLog(Parts parts, LogTail tail, OpenReport report, Epochs epochs);

  Parts parts_;
  OpenReport report_;
  Epochs epochs_;
  std::shared_ptr<Delivery> delivery_;
  CommitQueue queue_;
  Committer committer_;
};

}  // namespace lockstep
