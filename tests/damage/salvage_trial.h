// SPDX-License-Identifier: Apache-2.0
// salvage_trial.h: one damaged store, salvaged, and what the new store shows.
//
// The law: every thread of the new store is the beginning of the one that was, and maybe the end of
// its open runs behind it; no other thread is there, and none that was deleted (but where the
// commit of its deletion is missing); what is shorter is named, or counted. A cursor of the old
// epoch is good up to where the two part, and not beyond. The new store has no damage that `verify`
// finds, and the damaged one is as it was.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/damage/base_store.h"
#include "tests/damage/damages.h"

namespace lockstep::damage {

struct SalvageVerdict {
  std::vector<std::string> faults;  // empty: the law was kept
  bool made = false;                // there is a new store
  bool whole = false;               // it says that nothing was lost
  std::uint64_t kept = 0;           // entries
  std::uint64_t shorter = 0;        // threads that have lost some
};

// `folder`: not there yet; it is removed.
[[nodiscard]] SalvageVerdict try_salvage(const BaseStore& base, const Image& damaged,
                                         const std::string& folder);

// What is wrong with a salvaged thread's entries, or empty: they are the first of those that were,
// and one more may end its open runs.
[[nodiscard]] std::string fault_of(const std::vector<Entry>& was, const std::vector<Entry>& is);

// What came out of many, by kind of damage.
class SalvageTally {
 public:
  void add(const Damage& damage, const SalvageVerdict& verdict);
  [[nodiscard]] std::uint64_t broken() const { return broken_; }
  [[nodiscard]] std::string text() const;

 private:
  struct Counts {
    std::uint64_t done = 0;
    std::uint64_t made = 0;
    std::uint64_t whole = 0;
    std::uint64_t shorter = 0;  // stores in which a thread is shorter
  };
  std::map<std::string, Counts> groups_;
  std::vector<std::string> faults_;
  std::uint64_t broken_ = 0;
};

}  // namespace lockstep::damage
