// SPDX-License-Identifier: Apache-2.0
// power_cuts.h: power cuts under the real log on the real RocksDB.
//
// Each cycle opens the log, appends to a few threads in groups, loses the power at a random
// operation (in the opening, a flush, a compaction, or in the middle of a commit), powers on, opens
// again, and compares. Every acknowledged entry must be there with its bytes, and none in part or
// twice. Other entries must have been appended and be in order. Rows must be as their entry left
// them, and every commit number must be accounted for.
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
  std::uint64_t missing = 0;             // of the reported ones
  std::uint64_t refused_by_witness = 0;  // openings that named the missing commits
  std::vector<std::string> losses;       // missing or different entries, refused openings
};

// Every `cycles_per_store` cycles there is a new disk.
[[nodiscard]] PowerCutFindings lose_power(std::uint64_t cycles, std::uint64_t cycles_per_store,
                                          std::uint64_t seed);

}  // namespace lockstep
