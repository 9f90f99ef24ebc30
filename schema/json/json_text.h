// SPDX-License-Identifier: Apache-2.0
// json_text.h: strings and numbers, written as JSON.
//
// What goes out often (entries, diffs) is appended to a string, not built as a tree first: some
// fifty nanoseconds an event instead of a thousand. Text is taken to be valid UTF-8 (it was checked
// when it came in) and goes out as it is, but for what JSON wants escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

// In quotes, escaped.
void append_text(std::string& out, std::string_view text);
// Without the quotes: a text may be written in pieces, cut anywhere.
void append_escaped(std::string& out, std::string_view text);
// What one byte can become: \u00XX.
inline constexpr std::size_t escape_bytes_max = 6;
void append_number(std::string& out, std::uint64_t number);

}  // namespace lockstep
