// SPDX-License-Identifier: Apache-2.0
// blob_limits.h: every bound of attachments, with its reason.
//
// The settings may lower or raise the quota of a user; the other bounds are those of every server.
// server/front/upload_limits.h has the bounds of their way over HTTP.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Of one blob: a long recording or a book with pictures. Models take about as much in one request.
inline constexpr std::uint64_t blob_bytes_max = 32 << 20;
// Of all blobs of one user, unless the operator says otherwise: some hundred pictures of a phone.
inline constexpr std::uint64_t blob_user_bytes = 1 << 30;
// Of a media type with its parameters. Longer ones are mistakes.
inline constexpr std::size_t media_type_bytes_max = 127;
// A blob that no entry names goes after this time: a front uploads a file when the user picks it,
// and sends the message when the user has written it.
inline constexpr std::chrono::hours blob_unnamed_max{24};
// Bytes that are read from a file, or written to it, at one time: a disk is at its full speed, and
// no other blob waits long.
inline constexpr std::size_t blob_piece_bytes = 256 << 10;

}  // namespace lockstep::limits
