// SPDX-License-Identifier: Apache-2.0
// media_type.h: what may be the media type of a file (RFC 9110, section 8.3.1). Pure.
//
// It is outside text that goes into heads of files and of answers, so it is visible ASCII.
#pragma once

#include <string_view>

namespace lockstep {

// Of bytes about which nothing is known: to be saved, never shown.
inline constexpr std::string_view unknown_media_type = "application/octet-stream";

// `type/subtype`, with parameters or without; at most limits::media_type_bytes_max bytes.
[[nodiscard]] bool can_be_media_type(std::string_view text);

}  // namespace lockstep
