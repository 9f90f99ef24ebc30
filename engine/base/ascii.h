// SPDX-License-Identifier: Apache-2.0
// ascii.h: names whose letters have no case: schemes, fields, hosts, units, media types.
//
// Only the letters of ASCII are the same in both cases there. The functions of <cctype> would ask
// the process's locale, and take no `char` above 127.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace lockstep {

[[nodiscard]] constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return ascii_lower(c); });
  return lower;
}

// Equal apart from the case of letters. `lower`: in lower case.
[[nodiscard]] constexpr bool is_same(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) { return ascii_lower(c); });
}

// The same, of the beginning of `text`.
[[nodiscard]] constexpr bool begins_same(std::string_view text, std::string_view lower) {
  return is_same(text.substr(0, lower.size()), lower);
}

// The same, of its end.
[[nodiscard]] constexpr bool ends_same(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && is_same(text.substr(text.size() - lower.size()), lower);
}

}  // namespace lockstep
