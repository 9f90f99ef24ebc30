// SPDX-License-Identifier: Apache-2.0
// opaque_limits.h: the bounds of a message's opaque data, in a file of limits of its own.
//
// Producers write it, and a model server decides how long it is. It is stored and sent to models,
// but to no front.
#pragma once

#include <cstddef>

#include "engine/base/limits.h"

namespace lockstep::limits {

// Of one message, as `size_of` counts. Signatures have a kilobyte, encrypted reasoning some hundred
// of them, and a search result comes back whole. It is stored in the message's row, next to
// content of up to `message_bytes_max`.
inline constexpr std::size_t opaque_bytes_max = message_bytes_max / 2;
// The kind of an agent, the origin of an address, and the family of a model.
inline constexpr std::size_t opaque_origin_bytes_max = 512;

}  // namespace lockstep::limits
