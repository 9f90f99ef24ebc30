// SPDX-License-Identifier: Apache-2.0
// media_limits.h: the bounds of images and sound that models make, in a file of limits of its own.
//
// They come as `data:` addresses inside an answer, and the server makes blobs of them.
#pragma once

#include <cstddef>

#include "engine/base/limits.h"

namespace lockstep::limits {

// The address of one image or sound: as long as one in a request. Image models send one to three
// megabytes.
inline constexpr std::size_t generated_file_bytes_max = message_bytes_max;
// All files of one answer, as they came: they wait in memory until they are blobs.
inline constexpr std::size_t generated_files_bytes_max = 4 * generated_file_bytes_max;

}  // namespace lockstep::limits
