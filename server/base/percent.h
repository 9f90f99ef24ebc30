// SPDX-License-Identifier: Apache-2.0
// percent.h: percent-encoded text, of targets and of `data:` addresses (RFC 3986, section 2.1).
//
// One reader for all doors: two of them that differ in what they take would let one name mean two
// things, and a check on the one would not hold for the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

enum class Plus : std::uint8_t { plus, space };  // what `+` is: a space in the names of a form

// Nothing if a `%` has no two hexadecimal digits behind it.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text,
                                                         Plus plus = Plus::plus);

}  // namespace lockstep
