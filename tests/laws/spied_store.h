// SPDX-License-Identifier: Apache-2.0
// spied_store.h: the simulated disk, with a spy that records what it holds.
//
//   engine ── SpiedLog ── KvLog ── SpiedKv ── SimKv ── SimDisk
//                │                    │
//                └──── Records ───────┘
//
// `Records` outlives the server, like the disk. The spy knows an entry when the engine passes it to
// the log, and counts it as durable when a batch with its key was flushed. It keeps the bytes of
// every row of the log, and compares them after every power cut.
//
// At times the spy writes to a thread just before the engine does, like another server: then the
// engine's append is a conflict.
#pragma once

#include <deque>
#include <functional>

#include "engine/rocks/kv_log.h"
#include "tests/laws/truth.h"
#include "tests/sim/sim_kv.h"

namespace lockstep::test {

class Records {
 public:
  explicit Records(Counts& all) : counts(all) {}
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  ThreadTruth& thread(const ThreadName& id);
  void found(std::string what);

  void handed_over(ThreadNumber number, std::shared_ptr<const Entry> entry);
  void flushed(const KvBatch& batch);
  // After a power cut: batches in flight may be on the disk or not; flushed ones must be.
  void look_again(const Kv& kv);
  // Has the log no bytes of the thread any more?
  [[nodiscard]] bool bytes_gone(const Kv& kv, const ThreadName& id) const;

  // All records, for the restore of a backup made now. Requires: the disk holds all recorded
  // entries, and no batch is in flight.
  struct Kept {
    std::map<ThreadName, ThreadTruth> threads;
    std::map<std::string, std::string> rows;
    std::map<std::uint64_t, ThreadName> names;
  };
  [[nodiscard]] Kept keep() const { return {threads, rows_, names_}; }
  // Gives back the threads as they were known until now.
  std::map<ThreadName, ThreadTruth> go_back(Kept kept);

  Counts& counts;
  std::map<ThreadName, ThreadTruth> threads;
  std::string wrong;  // the first thing that was
  std::uint64_t life = 0;

 private:
  struct OnItsWay {
    ThreadNumber number;
    std::shared_ptr<const Entry> entry;
  };
  void name(ThreadNumber number, ThreadName thread);
  void durable(const std::string& key, const std::string& value);

  std::map<std::string, OnItsWay> on_its_way_;  // by the key of its row
  std::map<std::string, std::string> rows_;     // of the log
  std::map<std::uint64_t, ThreadName> names_;   // of threads' numbers
};

class SpiedKv : public Kv {
 public:
  SpiedKv(sim::SimDisk& disk, Records& records) : kv_(disk), records_(records) {}

  [[nodiscard]] Result<void> commit(const KvBatch& batch) override {
    Result<void> result = kv_.commit(batch);
    if (result) records_.flushed(batch);
    return result;
  }
  [[nodiscard]] Result<std::optional<std::string>> get(KvTable table,
                                                       std::string_view key) const override {
    return kv_.get(table, key);
  }
  [[nodiscard]] Result<std::vector<KvRow>> scan(const KvRange& range) const override {
    return kv_.scan(range);
  }

 private:
  sim::SimKv kv_;
  Records& records_;
};

class SpiedLog : public Log {
 public:
  SpiedLog(KvLog& log, Records& records, std::function<bool()> intrudes)
      : log_(log), records_(records), intrudes_(std::move(intrudes)) {}

  void append(Append append, Done<Result<CommitNumber>> done) override;
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override {
    return log_.read(thread, after, entries_max, bytes_max);
  }
  void follow(OnCommit on_commit) override { log_.follow(std::move(on_commit)); }
  [[nodiscard]] CommitNumber last_commit() const override { return log_.last_commit(); }
  void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override {
    log_.write(std::move(rows), std::move(erase), std::move(done));
  }

 private:
  void intrude(const Append& append);

  KvLog& log_;
  Records& records_;
  std::function<bool()> intrudes_;
};

}  // namespace lockstep::test
