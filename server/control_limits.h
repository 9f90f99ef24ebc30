// SPDX-License-Identifier: Apache-2.0
// control_limits.h: the limits of the administrator's socket.
//
// Only the owner of the store can open it: the limits contain mistakes, not attackers.
#pragma once

#include <cstddef>

namespace lockstep::limits {

inline constexpr int control_callers_max = 8;                    // in the listen queue
inline constexpr std::size_t control_line_bytes_max = 64 << 10;  // an order; unread progress

}  // namespace lockstep::limits
