// SPDX-License-Identifier: Apache-2.0
// media_limits.h: the bounds of images and sound that models make, in a file of limits of its own.
//
// They are parts of messages, as `data:` addresses.
#pragma once

#include <cstddef>

#include "engine/base/limits.h"

namespace lockstep::limits {

// The address of an image, in base64: image models send one to three megabytes. Half of a message,
// whose text needs room too.
inline constexpr std::size_t generated_file_bytes_max = message_bytes_max / 2;

}  // namespace lockstep::limits
