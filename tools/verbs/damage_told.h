// SPDX-License-Identifier: Apache-2.0
// damage_told.h: the line of the log for what can't be read.
//
// It names the thread, the list or the feed, the reason, and what the operator does next.
//
// Lives on: the engine strand.
#pragma once

#include "engine/live/damage_report.h"
#include "server/base/log_line.h"

namespace lockstep {

// Requires: the log lives as long as what it is handed to.
[[nodiscard]] DamageReport::Tell tell_damage(LineLog& log);

}  // namespace lockstep
