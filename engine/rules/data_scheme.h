// SPDX-License-Identifier: Apache-2.0
// data_scheme.h: which addresses hold their file themselves?
//
// The scheme of an address has no case (RFC 3986, section 3.1): `DATA:` is `data:`. The doors write
// it in small letters, so that one file has one address; the log of an earlier version may have it
// as it came.
#pragma once

#include <string_view>

#include "engine/base/ascii.h"

namespace lockstep {

inline constexpr std::string_view data_scheme = "data:";

[[nodiscard]] constexpr bool is_data_uri(std::string_view uri) {
  return begins_same(uri, data_scheme);
}

}  // namespace lockstep
