// SPDX-License-Identifier: Apache-2.0
// compose_limits.h: from which size on a request is composed next to the strand.
//
// A turn of the strand holds up all threads of all users. Composing a request and checking its JSON
// take some milliseconds for each megabyte (bench/large_context_ms.cc), and handing it to another
// thread and back takes a tenth of one.
#pragma once

#include <cstddef>

namespace lockstep::limits {

inline constexpr std::size_t apart_bytes_min = 256 << 10;

}  // namespace lockstep::limits
