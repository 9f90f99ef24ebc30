// SPDX-License-Identifier: Apache-2.0
// kv_log.h: the log and the store on any disk.
//
//   append ─> CommitQueue ─> Committer ─> Kv, CommitWitness ─> engine strand: on_commit, then done
//   read, get, scan ─────────────────────> Kv
//
// `open` checks that the store is ours and of a known format, that the log ends where its tail
// record says, and that it does not end below the witness; it does not read every thread. If the
// store has an older format and is opened for writing, `open` then upgrades it (upgrade.h). A read
// checks the checksum of each row, and that the row follows the one before it: damage is an error,
// never other data.
//
// A read may see an entry that is durable but that `follow` has not reported yet, because the
// committer's thread writes and the engine strand reports.
//
// Lives on: the engine strand; a CommitterThread or a test drives `committer()`.
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

// The findings of a start: one log line for the operator.
struct OpenReport {
  bool created = false;
  CommitNumber last;
  // Nothing if the side file was missing: then a start can't tell whether it lost the last commits.
  std::optional<CommitNumber> witness;
  // The unfinished end of RocksDB's log, which was never acknowledged and is dropped.
  std::uint64_t dropped_bytes = 0;
};

enum class Access { read_write, read_only };

class KvLog : public Log, public Store {
 public:
  struct Parts {
    Kv& kv;
    CommitWitness& witness;
    FailStop& fail_stop;
    Executor& executor;
    Random& random;
    Access access = Access::read_write;
    std::uint64_t dropped_bytes = 0;  // that the disk dropped when it was opened: for the report
    UpgradeTold told = {};            // progress of an upgrade; may be empty
    std::uint32_t upgrade_rows = limits::upgrade_rows_max;  // of one write of an upgrade; not 0
  };

  // Fails with `corrupt` (and names the missing part), `newer_format` or `not_a_store`. Opened
  // read-only it also fails with `no_store` if there is no store, and with `older_format` if the
  // store needs an upgrade. Requires: the parts live longer than the log.
  [[nodiscard]] static Result<std::unique_ptr<KvLog>> open(Parts parts);
  ~KvLog() override;

  // --- Log; opened read-only, writes fail with `read_only` ---------------------------------------
  void append(Append append, Done<Result<CommitNumber>> done) override;
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override;
  void follow(OnCommit on_commit) override;
  [[nodiscard]] CommitNumber last_commit() const override { return delivery_->last; }
  // If a row is stamped, the write takes a commit number that no entry has. The batch that writes
  // the rows also removes the entries and snapshots of `erase`.
  void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override;

  // --- Store -------------------------------------------------------------------------------------
  [[nodiscard]] Result<std::optional<std::string>> get(Table table,
                                                       std::string_view key) const override;
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const override;
  [[nodiscard]] StoreMemory memory() const override { return parts_.kv.memory(); }

  // --- The findings of a start -------------------------------------------------------------------
  [[nodiscard]] const OpenReport& report() const { return report_; }
  [[nodiscard]] const Epochs& epochs() const { return epochs_; }

  // --- For the driver of the commits -------------------------------------------------------------
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
