// SPDX-License-Identifier: Apache-2.0
// upload_limits.h: the limits of uploads and downloads of blobs.
//
// engine/base/blob_limits.h has the limits of blobs themselves.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/blob_limits.h"
#include "server/base/limits.h"

namespace lockstep::limits {

// Bytes of one upload that wait for the disk; beyond, the session stops reading its socket.
inline constexpr std::size_t upload_held_max = 256 << 10;
// For the whole body: at the rate that the limit of other bodies (`body_time_max`) asks for.
inline constexpr std::chrono::seconds upload_time_max =
    body_time_max * (blob_bytes_max / body_bytes_max);
// A page is read for so long before its pictures are loaded again.
inline constexpr std::chrono::seconds blob_link_time{3600};
// A browser may show a blob again for so long without asking.
inline constexpr std::chrono::seconds blob_cache_time{3600};

}  // namespace lockstep::limits
