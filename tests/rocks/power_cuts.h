// SPDX-License-Identifier: Apache-2.0
// power_cuts.h: the real log on the real RocksDB, and the power goes.
//
// Each cycle: open, append to a few threads in groups, lose the power at a random operation (which
// may lie in the opening, a flush, a compaction, or in the middle of a commit), power on, open
// again, and compare: every entry that was reported is there with its bytes, none is there in part
// or twice, what else is there was asked for and comes in order, rows stand as their entry left
// them, and every commit number is accounted for.
//
// Lives on: the test's thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep {

struct PowerCutFindings {
  std::uint64_t cycles = 0;
  std::uint64_t cuts_while_opening = 0;
  std::uint64_t cuts_while_committing = 0;
  std::uint64_t reported = 0;  // entries that followers saw
  std::uint64_t survived_unreported = 0;
  std::uint64_t missing = 0;          // of the reported ones
  std::uint64_t refused_by_mark = 0;  // openings that said which commits are missing
  std::vector<std::string> losses;    // whatever was missing, different, or refused to open
};

// Every `cycles_per_store` cycles there is a new disk.
[[nodiscard]] PowerCutFindings lose_power(std::uint64_t cycles, std::uint64_t cycles_per_store,
                                          std::uint64_t seed);

}  // namespace lockstep
