// SPDX-License-Identifier: Apache-2.0
// salvager.h: makes a store from the undamaged part of a damaged one.
//
// Of each thread it keeps the entries before the first one that is damaged, missing, or impossible
// after the one before it. They keep their timestamps and commit numbers. The end of the former
// epoch is the last commit number that the old store is known to have had, so it tells for each
// thread what it lost (engine/store/former_epochs.h): a thread that lost nothing has all its
// entries up to that end. Fronts read lists again, unless every commit number is accounted for.
//
//   Remains ─> chains, folds ─> new log, derived rows ─> open runs end ─> epoch, tail, witness
//
// Any trace of a deletion (a tombstone, or a row in the feed) counts: a salvage brings no deleted
// thread back.
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
#include "engine/store/usage_rows.h"
#include "tools/forms/named_thread.h"

namespace lockstep {

// A thread that lost entries.
struct LeftOut {
  NamedThread thread;
  std::uint64_t kept = 0;
  CommitNumber kept_commit;  // of the last kept entry; 0: no entry was kept
  Timestamp kept_at;
  std::uint64_t entries = 0;  // entries that were found and left out
  CommitNumber last_commit;   // the last known one; 0: not known
  Timestamp last_at;
  std::string why;
};

struct Salvaged {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t deleted = 0;      // threads
  std::uint64_t interrupted = 0;  // threads whose open runs were ended
  std::vector<LeftOut> left_out;  // by number
  std::uint64_t missing = 0;      // commit numbers up to `last` of unknown threads
  CommitNumber last;              // the last one of the old store, as far as known
  std::vector<std::string> damages;
  Epochs epochs;          // with the new one
  CommitNumber new_last;  // includes the entries that end open runs
  // Runs whose settings are missing or unreadable.
  std::uint64_t settings_missing = 0;
  std::uint64_t blobs_missing = 0;  // damaged ones
  // A write-ahead log is damaged. A deletion that it held has no commit number, so `missing` can't
  // count it.
  bool log_torn = false;
  [[nodiscard]] bool whole() const {
    const bool files = settings_missing == 0 && blobs_missing == 0;
    return left_out.empty() && missing == 0 && files && !log_torn;
  }
};

struct SalvageAsked {
  std::string from;  // the folder of the damaged store
  std::string to;    // the folder of the new store
  std::function<void(std::uint64_t entries)> progress = {};
};

// Reads `from` and writes nothing there. Fails with `no_store`, `newer_format`, `denied`, `inside`,
// `locked`, `exists`, `no_space` or `disk`; then no new store exists.
[[nodiscard]] Result<Salvaged> salvage_store(const SalvageAsked& asked, Clock& clock,
                                             Random& random);

class Salvager {
 public:
  struct Parts {
    Remains& remains;
    std::optional<CommitNumber> witness;  // the number in the old store's file `commits`
    Kv& kv;                               // the new store; empty except for rows of KvLog
    const KvLog& log;                     // the log on `kv`
    Clock& clock;
    Random& random;
    std::function<void(std::uint64_t entries)> progress = {};
  };
  explicit Salvager(Parts parts);
  ~Salvager();
  Salvager(const Salvager&) = delete;
  Salvager& operator=(const Salvager&) = delete;

  // Writes everything except the file `commits`. Fails with `no_space`, `disk`, or with `corrupt`
  // if the new store can't be read.
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
  void put(std::vector<RowWrite> rows);
  [[nodiscard]] Result<void> flush(std::size_t bytes_min);
  [[nodiscard]] bool is_deleted(ThreadNumber number) const;
  [[nodiscard]] NamedThread name_of(ThreadNumber number) const;

  Parts parts_;
  Salvaged result_;
  std::map<ThreadNumber, StampedThreadRecord> records_;  // the newest of each
  std::map<ThreadNumber, StampedThreadRecord> tombstones_;
  UsageMap usage_;                // of the threads that are kept
  UsageMap usage_gone_;           // of deleted threads
  std::set<ThreadName> removed_;  // deleted, according to the feed
  std::set<ThreadNumber> erasing_;
  std::set<ThreadNumber> seen_;
  std::unique_ptr<Walked> walked_;
  std::vector<ThreadNumber> open_;  // threads with open runs
  std::vector<bool> commits_;       // by commit number: was its entry kept
  std::uint64_t half_erased_ = 0;   // entries of deleted threads that were not yet erased
  LogTail old_tail_;
  std::optional<Epochs> epochs_;  // the old store's; empty if no copy is readable
  std::set<Hash> settings_;
  CommitNumber last_seen_;
  LogTail tail_;
  std::uint64_t next_thread_ = 1;
  KvBatch batch_;
  std::size_t batch_bytes_ = 0;
};

}  // namespace lockstep
