// SPDX-License-Identifier: Apache-2.0
// upgrade_told.h: reports the upgrade of a store: at its beginning, every 5 seconds, and at its
// end.
//
// Lives on: the thread that opens the store.
#pragma once

#include <string>

#include "engine/base/time.h"
#include "engine/rocks/upgrade.h"

namespace lockstep {

// Passes on the first step, the last, and one every 5 seconds. Requires: `clock` outlives the
// result.
[[nodiscard]] UpgradeTold now_and_then(Clock& clock, UpgradeTold told);

// `upgrading the store from format 1 to 2: 1024 rows`.
[[nodiscard]] std::string upgrade_line(const UpgradeProgress& progress);

}  // namespace lockstep
