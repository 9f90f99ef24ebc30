// SPDX-License-Identifier: Apache-2.0
// base64.h: bytes as text inside JSON (RFC 4648, sections 4 and 5).
//
// The readers take one text for each value: white space, missing padding, letters of the other
// alphabet and bits behind the last byte are faults. So a file comes out as it went in, and what is
// no base64 is told to the user and never sent in part.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// With padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
// Nothing if the text is not what `to_base64` writes.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// For paths of URLs: `-` and `_` instead of `+` and `/`, without padding.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace lockstep
