// SPDX-License-Identifier: Apache-2.0
// control_limits.h: the bounds of the administrator's socket.
//
// It is the owner's alone, so these keep a mistake small, not an attacker out.
#pragma once

#include <cstddef>

namespace lockstep::limits {

inline constexpr int control_callers_max = 8;                    // waiting to be taken
inline constexpr std::size_t control_line_bytes_max = 64 << 10;  // an order; unread progress

}  // namespace lockstep::limits
