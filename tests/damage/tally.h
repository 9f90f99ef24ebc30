// SPDX-License-Identifier: Apache-2.0
// tally.h: counts the outcomes of many trials.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/damage/damages.h"
#include "tests/damage/trial.h"

namespace lockstep::damage {

struct Counts {
  std::uint64_t done = 0;
  std::uint64_t exact = 0;
  std::uint64_t refused = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t different = 0;
  std::uint64_t unnamed = 0;    // refusals that do not name the damaged file
  std::uint64_t missed = 0;     // verify found no damage, but the store refuses or differs
  std::uint64_t written = 0;    // opened to write too, not only read-only
  std::uint64_t differing = 0;  // of these, where one way was refused and the other not
  std::uint64_t harmless = 0;   // verify found something, though all is shown as it was
};

class Tally {
 public:
  void add(const Damage& damage, const Verdict& verdict);

  [[nodiscard]] const std::map<std::string, Counts>& groups() const { return groups_; }
  [[nodiscard]] Counts all() const;
  // The first trials that broke the law, a line each.
  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  [[nodiscard]] std::uint64_t broken_count() const { return broken_count_; }
  // Each refusal's words, without numbers, and how often.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& words() const { return words_; }

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, Counts> groups_;
  std::map<std::string, std::uint64_t> words_;
  std::vector<std::string> broken_;
  std::uint64_t broken_count_ = 0;
};

}  // namespace lockstep::damage
