// SPDX-License-Identifier: Apache-2.0
// json_text.h: strings, numbers, members and arrays, written as JSON.
//
// The server sends entries and diffs often, so it appends them to a string and builds no tree
// first: some fifty nanoseconds an event instead of a thousand. Text must be valid UTF-8 (the
// server checks it when it comes in); only the characters that JSON requires are escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

// In quotes, escaped.
void append_text(std::string& out, std::string_view text);
// Without the quotes: a caller may write a text in pieces, cut anywhere.
void append_escaped(std::string& out, std::string_view text);
// The longest escape of one byte: \u00XX.
inline constexpr std::size_t escape_bytes_max = 6;
void append_number(std::string& out, std::uint64_t number);
// The text in quotes, escaped.
[[nodiscard]] std::string json_string(std::string_view text);

// --- Members and elements ------------------------------------------------------------------------
//
// The last byte of `out` tells whether a member needs a comma, so callers keep no state.

// `"name":`, with a comma before it unless it is an object's first.
inline void append_name(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
}

inline void append_field(std::string& out, std::string_view name, std::string_view text) {
  append_name(out, name);
  append_text(out, text);
}
inline void append_field_number(std::string& out, std::string_view name, std::uint64_t number) {
  append_name(out, name);
  append_number(out, number);
}
inline void append_field_flag(std::string& out, std::string_view name, bool flag) {
  append_name(out, name);
  out += flag ? "true" : "false";
}
// `json` is JSON already and goes out as it is.
inline void append_field_json(std::string& out, std::string_view name, std::string_view json) {
  append_name(out, name);
  out += json;
}

// The elements of `range`, each appended by `append(out, element)`, as an array.
template <class Range, class Append>
void append_array(std::string& out, const Range& range, Append append) {
  out += '[';
  bool first = true;
  for (const auto& element : range) {
    if (!first) out += ',';
    first = false;
    append(out, element);
  }
  out += ']';
}

}  // namespace lockstep
