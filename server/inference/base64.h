// SPDX-License-Identifier: Apache-2.0
// base64.h: bytes as text, as model servers send and take them (RFC 4648, section 4).
//
// Files go to models inside JSON. The reader is strict: a file whose text is not base64 is told to
// the user, and not sent in part.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// Nothing if it is no base64 with its padding.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace lockstep
