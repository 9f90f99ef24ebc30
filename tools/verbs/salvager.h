// SPDX-License-Identifier: Apache-2.0
// salvager.h: a store from what is left of a damaged one.
//
// Of each thread all entries are kept before its first one that is damaged, missing, or can't have
// happened. They keep their timestamps and commit numbers, so the cut of the new epoch, the last
// commit number that the old store is known to have had, says of each thread by itself what it has
// lost (engine/store/former_epochs.h): one that lost nothing has all its entries below it. Lists
// are read anew, unless every commit number is accounted for.
//
//   Remains ─> chains, folds ─> the new log, its derived rows ─> open runs end ─> epoch, tail, mark
//
// What a deletion has left (its tombstone, or its row in the feed) is believed wherever it is
// found: no salvage brings a deleted thread back.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/remains.h"
#include "engine/rules/state.h"
#include "engine/store/epochs.h"
#include "engine/store/row_codec.h"
#include "tools/forms/named_thread.h"

namespace lockstep {

// A thread that has lost something.
struct LeftOut {
  NamedThread thread;
  std::uint64_t kept = 0;
  CommitNumber kept_commit;  // of the last entry that was kept; 0: none was
  Timestamp kept_at;
  std::uint64_t entries = 0;  // that were seen, and left out
  CommitNumber last_commit;   // the last one that is known of; 0: not known
  Timestamp last_at;
  std::string why;
};

struct Salvaged {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t deleted = 0;      // threads
  std::uint64_t interrupted = 0;  // threads whose open runs were ended
  std::vector<LeftOut> left_out;  // by number
  std::uint64_t missing = 0;  // commit numbers up to `last` that belong to no thread that is known
  CommitNumber last;          // the last one that the old store is known to have had
  std::vector<std::string> damages;
  Epochs epochs;          // with the new one
  CommitNumber new_last;  // with what ends the open runs
  // Settings that a run was given, and that can't be read.
  std::uint64_t settings_missing = 0;
  // A write-ahead log is damaged: a deletion that stood there has no commit number to be missed by.
  bool log_cut = false;
  [[nodiscard]] bool whole() const {
    return left_out.empty() && missing == 0 && settings_missing == 0 && !log_cut;
  }
};

struct SalvageAsked {
  std::string from;  // the folder of the damaged store
  std::string to;    // where the new one is to be
  std::function<void(std::uint64_t entries)> progress = {};
};

// Reads `from` and writes nothing there. Fails with `no_store`, `locked`, `exists`, `no_space` or
// `disk`; then there is no new store.
[[nodiscard]] Result<Salvaged> salvage_store(const SalvageAsked& asked, Clock& clock,
                                             Random& random);

class Salvager {
 public:
  struct Parts {
    Remains& remains;
    std::optional<CommitNumber> mark;  // what the old store's side file says
    Kv& kv;                            // the new one, empty but for what KvLog makes
    const KvLog& log;                  // over it
    Clock& clock;
    Random& random;
    std::function<void(std::uint64_t entries)> progress = {};
  };
  explicit Salvager(Parts parts);
  ~Salvager();
  Salvager(const Salvager&) = delete;
  Salvager& operator=(const Salvager&) = delete;

  // All but the mark. Fails with `no_space`, `disk`, or with `corrupt` if the new store is.
  [[nodiscard]] Result<Salvaged> run();

 private:
  struct Walked;
  void look();
  void look_at(const StampedThreadRecord& record);
  void look_at_meta(const std::string& key, const std::string& value);
  [[nodiscard]] Result<void> entry(LogKey key, const std::optional<LogValue>& value);
  [[nodiscard]] std::string reason_to_stop(LogKey key, const std::optional<LogValue>& value);
  void keep(LogKey key, const LogValue& value);
  [[nodiscard]] Result<void> end_thread();
  [[nodiscard]] Result<void> end_runs();
  [[nodiscard]] Result<void> end_runs_of(ThreadNumber number);
  void note_loss(ThreadNumber number, LeftOut& out) const;
  void put_tombstones();
  [[nodiscard]] Result<void> finish();
  void account();
  void put(std::vector<Row> rows);
  [[nodiscard]] Result<void> flush(std::size_t bytes_min);
  [[nodiscard]] bool is_deleted(ThreadNumber number) const;
  [[nodiscard]] NamedThread name_of(ThreadNumber number) const;

  Parts parts_;
  Salvaged result_;
  std::map<ThreadNumber, StampedThreadRecord> records_;  // the newest of each
  std::map<ThreadNumber, StampedThreadRecord> tombstones_;
  std::set<ThreadName> removed_;  // that the feed says were deleted
  std::set<ThreadNumber> erasing_;
  std::set<ThreadNumber> seen_;
  std::unique_ptr<Walked> walked_;
  std::vector<ThreadNumber> open_;  // with runs that are to end
  std::vector<bool> commits_;       // that have been kept
  std::uint64_t half_erased_ = 0;   // entries of deleted threads that were still there
  LogTail old_tail_;
  std::optional<Epochs> epochs_;  // the old store's; nothing if no copy of them can be read
  std::set<Hash> settings_;
  CommitNumber last_seen_;
  LogTail tail_;
  std::uint64_t next_thread_ = 1;
  KvBatch batch_;
  std::size_t batch_bytes_ = 0;
};

}  // namespace lockstep
