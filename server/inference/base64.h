// SPDX-License-Identifier: Apache-2.0
// base64.h: bytes as text, as model servers send and take them (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// Nothing if it is no base64 with its padding.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace lockstep
