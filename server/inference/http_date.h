// SPDX-License-Identifier: Apache-2.0
// http_date.h: reads the dates in the heads of HTTP answers.
//
// RFC 9110, section 5.6.7: a recipient takes three forms, of which two are obsolete.
//   Sun, 06 Nov 1994 08:49:37 GMT
//   Sunday, 06-Nov-94 08:49:37 GMT
//   Sun Nov  6 08:49:37 1994
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep {

// Seconds since 1970; nullopt if this is no date.
[[nodiscard]] std::optional<std::int64_t> read_http_date(std::string_view text);

}  // namespace lockstep
