// SPDX-License-Identifier: Apache-2.0
// coverage.h: what simulations must have met before they prove anything.
//
// Every kind of fault, every way to be answered, every rule of the protocol's section on sync, by
// name. A name that is counted zero times after enough seeds is a hole: the run fails and says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/laws/truth.h"

namespace lockstep::sim {

// So many seeds meet everything, if nothing is wrong with the simulation.
inline constexpr std::uint64_t seeds_for_coverage = 2'000;

[[nodiscard]] const std::vector<std::string>& must_happen();
// Those that did not.
[[nodiscard]] std::vector<std::string> missed(const test::Counts& counts);

}  // namespace lockstep::sim
