// SPDX-License-Identifier: Apache-2.0
// trimmed.h: a field's value without the white space around it (RFC 9110, section 5.6.3).
//
// Only blanks and tabs are white space there. It stands alone, so that what reads one header needs
// no other rules of HTTP.
#pragma once

#include <algorithm>
#include <string_view>

namespace lockstep {

[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace lockstep
