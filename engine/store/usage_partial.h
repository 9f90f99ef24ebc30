// SPDX-License-Identifier: Apache-2.0
// usage_partial.h: the mark of a store whose totals of usage lack earlier runs.
//
// Stores of 0.1.0 have no such totals, so those of an upgraded store begin with its upgrade. A
// rebuild counts the runs that ended before, and removes the mark. Until then `verify` compares no
// sums.
#pragma once

#include <string_view>

namespace lockstep {

// The key in `meta`; the value says nothing.
inline constexpr std::string_view usage_partial_key = "usage_partial";

}  // namespace lockstep
