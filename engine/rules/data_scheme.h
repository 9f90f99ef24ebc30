// SPDX-License-Identifier: Apache-2.0
// data_scheme.h: which addresses hold their file themselves?
//
// The scheme of an address has no case (RFC 3986, section 3.1): `DATA:` is `data:`. The doors write
// it in small letters, so that one file has one address; the log of an earlier version may have it
// as it came.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep {

inline constexpr std::string_view data_scheme = "data:";

[[nodiscard]] constexpr bool is_data_uri(std::string_view uri) {
  if (uri.size() < data_scheme.size()) return false;
  for (std::size_t at = 0; at < data_scheme.size(); ++at) {
    const char c = uri[at];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != data_scheme[at]) return false;
  }
  return true;
}

}  // namespace lockstep
