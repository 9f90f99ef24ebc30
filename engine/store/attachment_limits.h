// SPDX-License-Identifier: Apache-2.0
// attachment_limits.h: the bounds of the files that a model is given.
//
// They are read for each run whose path names files, are held in memory while the request goes out,
// and grow by a third as base64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Of all files in one request, as bytes; in base64 it is 32 MiB. Providers refuse requests that are
// longer than 20 to 50 MB, files and all.
inline constexpr std::uint64_t run_files_bytes_max = 24 << 20;
// Files in one request. Providers take 20 to 600 images.
inline constexpr std::size_t run_files_max = 256;
// Files of a path that are looked at for it, also those that the provider does not take, as images
// in answers: each one costs a look at the disk, off the strand.
inline constexpr std::size_t run_files_looked_at_max = 4096;
// How often the bytes of a request's files are in memory while it is composed: as they are, and, a
// third longer, in the path, its turns, their pieces and the body.
inline constexpr std::size_t run_files_copies = 7;

}  // namespace lockstep::limits
