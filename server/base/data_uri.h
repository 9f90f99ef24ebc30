// SPDX-License-Identifier: Apache-2.0
// data_uri.h: the one reader of `data:` addresses (RFC 2397).
//
//   data:image/png;base64,AAEC      data:text/plain;charset=utf-8,a%20b
//
// The scheme and the word `base64` have no case. Base64 must be what `to_base64` writes: with its
// padding, and without white space. So each address is read in one way or in none, and what a model
// is sent is what the address says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

struct DataUri {
  std::string media_type;  // can_be_media_type admits it
  std::string bytes;
  friend bool operator==(const DataUri&, const DataUri&) = default;
};

// Nothing if it is no such address, or if its base64 or a `%` of it is broken. A media type that is
// none becomes `application/octet-stream`; without one it is the usual type of RFC 2397.
[[nodiscard]] std::optional<DataUri> read_data_uri(std::string_view uri);

// The address in base64 that `read_data_uri` reads as this.
[[nodiscard]] std::string data_uri_of(const DataUri& data);

}  // namespace lockstep
