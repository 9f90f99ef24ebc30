// SPDX-License-Identifier: Apache-2.0
// upgrade_told.h: how an upgrade of a store is told: as it begins, every few seconds, and as it
// ends.
//
// Lives on: whoever opens the store.
#pragma once

#include <string>

#include "engine/base/time.h"
#include "engine/rocks/upgrade.h"

namespace lockstep {

// Passes on what is worth a line. Requires: the clock lives longer.
[[nodiscard]] UpgradeTold now_and_then(Clock& clock, UpgradeTold told);

// `upgrading the store from format 1 to 2: 1024 rows`.
[[nodiscard]] std::string upgrade_line(const UpgradeProgress& progress);

}  // namespace lockstep
