// SPDX-License-Identifier: Apache-2.0
// upgrade.h: upgrades a store of an earlier format to the present one.
//
//   format 1   0.1.0: thread ids were one name space of all users
//   format 2   a thread's row is keyed by user and id, an open run names the owner of its thread,
//              and a deletion is kept twice
//   format 3   results that the engine made have a mark; answers tell how they ended, which answer
//              they continue, and how their request differed from the path. The step notes that the
//              totals of usage begin with it (engine/store/usage_partial.h)
//
// Every change of the stored bytes has a number and a step here; readers know only the present
// format. A step removes rows of the old form and writes those of the new form, some at a time;
// each write takes effect as a whole or not at all:
//
//   log.format := N + 1, log.upgrade := N  ─>  rows …  ─>  log.upgrade is removed
//
// So an older program refuses the store from the first write on. A step is idempotent: if it was
// cut short at any write, the next start runs it again, and a row's own form tells whether it is
// converted. The upgrade does not touch entries, snapshots, feed, settings and epochs, and takes no
// commit number: cursors, timestamps, digests and remembered ops stay the same.
//
// Lives on: the thread that opens the store, before any reader.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep {

inline constexpr std::uint64_t first_format = 1;
inline constexpr std::string_view upgrade_key = "log.upgrade";

struct UpgradeProgress {
  std::uint64_t from = 0;  // the formats of the step
  std::uint64_t to = 0;
  std::uint64_t rows = 0;  // converted since this start
  // Rows that can't be read and have no known owner: they stay as they are, and `verify` names
  // them.
  std::uint64_t left = 0;
  bool done = false;
};
using UpgradeTold = std::function<void(const UpgradeProgress& progress)>;

// Fails with `newer_format` for a format that is not known, or with `corrupt`. Requires: the store
// has a format.
[[nodiscard]] Result<bool> needs_upgrade(const Kv& kv);

// Runs all steps that are left. Calls `told` before the first write of a step, after each write,
// and with `done` at the end of the step; it may be empty. `rows_max`: the rows of one write, not
// 0. Fails as the disk does; then the next call continues.
[[nodiscard]] Result<void> upgrade(Kv& kv, const UpgradeTold& told, std::uint32_t rows_max);

// --- The steps -----------------------------------------------------------------------------------

// Writes the batches of a step, and reports its progress.
class UpgradeWriter {
 public:
  UpgradeWriter(Kv& kv, UpgradeProgress& progress, const UpgradeTold& told, std::uint32_t rows_max)
      : kv_(kv), progress_(progress), told_(told), rows_max_(rows_max) {}

  [[nodiscard]] const Kv& kv() const { return kv_; }
  // Writes the changes of `rows` rows in one commit.
  [[nodiscard]] Result<void> write(const KvBatch& batch, std::uint64_t rows);
  void leave_row() { ++progress_.left; }
  [[nodiscard]] std::uint32_t rows_max() const { return rows_max_; }

 private:
  Kv& kv_;
  UpgradeProgress& progress_;
  const UpgradeTold& told_;
  std::uint32_t rows_max_;
};

[[nodiscard]] Result<void> upgrade_to_2(UpgradeWriter& writer);
[[nodiscard]] Result<void> upgrade_to_3(UpgradeWriter& writer);

}  // namespace lockstep
