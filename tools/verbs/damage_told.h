// SPDX-License-Identifier: Apache-2.0
// damage_told.h: writes the log line for data that can't be read.
//
// The line names the thread, the list or the feed, the reason, and what the operator does next.
//
// Lives on: the engine strand.
#pragma once

#include "engine/live/damage_report.h"
#include "server/base/log_line.h"

namespace lockstep {

// Requires: `log` outlives the returned function.
[[nodiscard]] DamageReport::Tell tell_damage(LineLog& log);

}  // namespace lockstep
