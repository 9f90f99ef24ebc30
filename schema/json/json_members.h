// SPDX-License-Identifier: Apache-2.0
// json_members.h: the members of objects, written by hand.
//
// Objects and arrays on top of the strings and numbers of json_text.h. A member knows by the last
// byte whether a comma stands before it, so that callers keep no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/json/json_text.h"

namespace lockstep {

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
