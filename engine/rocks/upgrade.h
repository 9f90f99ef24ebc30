// SPDX-License-Identifier: Apache-2.0
// upgrade.h: a store of an earlier format becomes one of today's.
//
//   format 1   0.1.0: thread ids were one name space of all users
//   format 2   a thread's row is keyed by user and id, an open run names the owner of its thread,
//              and a deletion is kept twice
//
// Every change of what is stored has a number and a step here; readers know today's format alone. A
// step takes rows of the old form away and puts the new ones, some at a time, each time all of it
// or nothing:
//
//   log.format := N + 1, log.upgrade := N  ─>  rows …  ─>  log.upgrade goes
//
// So an older program refuses the store from the first write on, and a step that was cut short, at
// whatever write, is gone through again and finds what is left to do: a row's own form says whether
// it was taken. Entries, views, feed, settings and epochs are not touched, and nothing takes a
// commit number: cursors, timestamps, digests and remembered ops stay what they were.
//
// Lives on: whoever opens the store, before anybody reads it.
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
  std::uint64_t rows = 0;  // taken since this start
  // Rows that can't be read and name nobody: they are as they were, and `verify` names them.
  std::uint64_t left = 0;
  bool done = false;
};
using UpgradeTold = std::function<void(const UpgradeProgress& progress)>;

// Fails with `newer_format` for a format that is not known, or with `corrupt`. Requires: the store
// has a format.
[[nodiscard]] Result<bool> needs_upgrade(const Kv& kv);

// All steps that are left. `told` is called before the first write, after each, and with `done` at
// the end of each step; it may be empty. `rows_max`: that one write takes. Fails as the disk does;
// then the next call goes on.
[[nodiscard]] Result<void> upgrade(Kv& kv, const UpgradeTold& told, std::uint32_t rows_max);

// --- The steps -----------------------------------------------------------------------------------

// What a step writes and tells with.
class UpgradeWriter {
 public:
  UpgradeWriter(Kv& kv, UpgradeProgress& progress, const UpgradeTold& told, std::uint32_t rows_max)
      : kv_(kv), progress_(progress), told_(told), rows_max_(rows_max) {}

  [[nodiscard]] const Kv& kv() const { return kv_; }
  // The changes of `rows` rows, in one commit.
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

}  // namespace lockstep
