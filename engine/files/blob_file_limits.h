// SPDX-License-Identifier: Apache-2.0
// blob_file_limits.h: the sizes of the files of attachments.
//
// They are part of the stored bytes (docs/log-format.md): another head is another format.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Before the bytes of a blob: a user's id, a media type, and room for more.
inline constexpr std::size_t blob_head_bytes = 512;
// All words, numbers and line ends of a head.
inline constexpr std::size_t blob_head_words = 96;
// Of most file systems. A quota counts whole blocks, so that many small blobs count too.
inline constexpr std::uint64_t blob_block_bytes = 4096;

// Blobs of one length that an upload beyond the quota is compared with as its bytes come.
inline constexpr std::size_t blob_twins_max = 1 << 14;
// So many bytes of each are compared first: nearly all that differ do so here.
inline constexpr std::size_t blob_probe_bytes = 4096;

}  // namespace lockstep::limits
