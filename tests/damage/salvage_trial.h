// SPDX-License-Identifier: Apache-2.0
// salvage_trial.h: salvages one damaged store, and checks the new one.
//
// The law: every thread of the new store is a beginning of the original one, plus the end of its
// open runs if it had some. There is no other thread, and no deleted one (unless the commit of its
// deletion is missing). Each shorter thread is named or counted. A cursor of the old epoch is good
// up to the point where the two stores part, and not beyond. `verify` finds no damage in the new
// store, and the damaged store is unchanged.
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

// The error in a salvaged thread's entries, or empty: they must be the first of the original ones,
// and one more may end its open runs.
[[nodiscard]] std::string fault_of(const std::vector<Entry>& was, const std::vector<Entry>& is);

// The outcomes of many trials, by kind of damage.
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
