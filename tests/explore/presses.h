// SPDX-License-Identifier: Apache-2.0
// presses.h: what a front asks for when its user presses a button.
#pragma once

#include "tests/explore/actions.h"

namespace lockstep::explore {

// The front has seen what the action says. Names what it asks for; nothing was answered yet.
[[nodiscard]] Asked press(World& world, const Action& action);

}  // namespace lockstep::explore
