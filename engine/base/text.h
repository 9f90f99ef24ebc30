// SPDX-License-Identifier: Apache-2.0
// text.h: UTF-8 text, measured in UTF-16 code units.
//
// Fronts count as JavaScript, Java and Dart do: a code point beyond U+FFFF is two units. No cut
// falls inside a code point: an offset that falls into one is rounded down. Texts here are valid
// UTF-8, because the parsers of outside bytes refuse others.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

[[nodiscard]] Units units_of(std::string_view text);

// The byte at which the first `units` units end, rounded down to a code point; the text's size if
// the text is shorter. Requires: `total` is units_of(text). If it equals the size in bytes, the
// text is plain ASCII, and nothing is counted.
[[nodiscard]] std::size_t byte_at(std::string_view text, Units units, Units total);

// The greatest length in units that is at most `units` and does not end inside a code point.
[[nodiscard]] Units round_down(std::string_view text, Units units, Units total);

// The bytes of the first `points` code points.
[[nodiscard]] std::string_view first_points(std::string_view text, std::size_t points);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace lockstep
