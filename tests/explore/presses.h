// SPDX-License-Identifier: Apache-2.0
// presses.h: the changes that a front asks for when its user presses a button.
#pragma once

#include "tests/explore/actions.h"

namespace lockstep::explore {

// The front has seen the action's state. Returns its request, which has no answer yet.
[[nodiscard]] Asked press(World& world, const Action& action);

}  // namespace lockstep::explore
