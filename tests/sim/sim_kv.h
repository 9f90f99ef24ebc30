// SPDX-License-Identifier: Apache-2.0
// sim_kv.h: a disk that loses unflushed data.
//
// A `SimDisk` outlives the process that writes to it: `SimKv` and `SimWitness` are one process's
// handles to it, and die with it. `power_cut` drops all unflushed data, except for the part that a
// real disk may keep by chance: the first few of the waiting batches, whole and in order, and
// either value of the commit witness. A lying disk claims to have flushed and has not.
//
// A fault is armed for the n-th commit from now: it may fail before anything is written, after the
// write and before the flush, or after the flush and before the answer.
//
// Lives on: the simulation's one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rocks/kv.h"

namespace lockstep::sim {

enum class DiskFault { none, before_write, before_flush, after_flush };

class SimDisk {
 public:
  // The `commits`-th commit from now fails so (1: the next), and all after it fail too, until a
  // power cut.
  void fail_at(std::uint64_t commits, DiskFault fault);
  // From now on a flush does nothing, and reports success.
  void lie() { lies_ = true; }

  // Of the batches that were written and not flushed, the first `survive` are kept; of the witness,
  // the value that was written last if `witness_survives`. Faults are over, and the disk is honest
  // again.
  void power_cut(std::size_t survive, bool witness_survives);

  // Cancels armed faults.
  void disarm();

  [[nodiscard]] std::size_t unflushed() const { return unflushed_.size(); }
  [[nodiscard]] bool failing() const { return failing_; }
  [[nodiscard]] bool lies() const { return lies_; }

  // For damage: the stored bytes of one row; nullptr if the row is missing.
  [[nodiscard]] std::string* row(KvTable table, const std::string& key);
  void lose(KvTable table, const std::string& key);
  // As if it had always been there.
  void put(KvTable table, const std::string& key, const std::string& value);
  [[nodiscard]] std::optional<CommitNumber> witness() const { return witness_; }
  void set_witness(std::optional<CommitNumber> number) { witness_ = flushed_witness_ = number; }

 private:
  friend class SimKv;
  friend class SimWitness;
  using Rows = std::map<std::string, std::string, std::less<>>;
  using Tables = std::array<Rows, kv_table_count>;

  static void apply(const KvBatch& batch, Tables& tables);
  [[nodiscard]] Result<void> commit(const KvBatch& batch);

  Tables flushed_;
  Tables visible_;  // to the process that runs now
  std::vector<KvBatch> unflushed_;
  std::optional<CommitNumber> witness_;
  std::optional<CommitNumber> flushed_witness_;
  std::uint64_t commits_until_fault_ = 0;
  DiskFault fault_ = DiskFault::none;
  bool failing_ = false;
  bool lies_ = false;
};

class SimKv : public Kv {
 public:
  explicit SimKv(SimDisk& disk) : disk_(disk) {}

  [[nodiscard]] Result<void> commit(const KvBatch& batch) override { return disk_.commit(batch); }
  [[nodiscard]] Result<std::optional<std::string>> get(KvTable table,
                                                       std::string_view key) const override;
  [[nodiscard]] Result<std::vector<KvRow>> scan(const KvRange& range) const override;

 private:
  SimDisk& disk_;
};

class SimWitness : public CommitWitness {
 public:
  explicit SimWitness(SimDisk& disk) : disk_(disk) {}

  [[nodiscard]] Result<std::optional<CommitNumber>> read() const override { return disk_.witness_; }
  [[nodiscard]] Result<void> write(CommitNumber number) override;
  [[nodiscard]] Result<void> sync() override;

 private:
  SimDisk& disk_;
};

}  // namespace lockstep::sim
