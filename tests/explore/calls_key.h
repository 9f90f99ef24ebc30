// SPDX-License-Identifier: Apache-2.0
// calls_key.h: what makes two worlds of calls.h the same.
#pragma once

#include "tests/explore/calls.h"

namespace lockstep::explore {

[[nodiscard]] Key key_of(const CallsWorld& world);

}  // namespace lockstep::explore
