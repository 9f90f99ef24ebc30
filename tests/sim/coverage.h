// SPDX-License-Identifier: Apache-2.0
// coverage.h: counts the cases that the simulation must meet before its result counts.
//
// It names every kind of fault, every kind of answer, and every rule of the protocol's section on
// sync. A name with a count of zero after enough seeds is a hole: the run fails and names it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/laws/truth.h"

namespace lockstep::sim {

// So many seeds meet every case, if the simulation works.
inline constexpr std::uint64_t seeds_for_coverage = 2'000;

[[nodiscard]] const std::vector<std::string>& must_happen();
// Those that did not.
[[nodiscard]] std::vector<std::string> missed(const test::Counts& counts);

}  // namespace lockstep::sim
