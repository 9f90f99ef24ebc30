// SPDX-License-Identifier: Apache-2.0
// json_text.h: strings, numbers, members and arrays, written as JSON.
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
// The text in quotes, escaped.
[[nodiscard]] std::string json_string(std::string_view text);

// --- Members and elements. A member knows by the last byte whether a comma stands before it, so
// that callers keep no state.

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
// `json` is JSON already.
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
