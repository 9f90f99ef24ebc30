// SPDX-License-Identifier: Apache-2.0
// base64.h: bytes as text, for the lines of an export.
//
// RFC 4648, section 4, with padding. The reader takes no other form: white space, missing padding
// and bits behind the last byte are faults, so one value has one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace lockstep
