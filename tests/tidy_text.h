// SPDX-License-Identifier: Apache-2.0
// tidy_text.h: how the project's linter reads sources.
//
// Lines, words, and a copy of C++ in which comments and literals are blank, so that a sentence
// about code does not break a rule about code.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::tidy {

using View = std::string_view;

// The text with comments and the contents of literals blanked out, line by line as before.
[[nodiscard]] std::string code_of(View text);

[[nodiscard]] std::vector<View> lines_of(View text);

// The place of `word` in `line`, not as a part of a longer word.
[[nodiscard]] std::optional<std::size_t> find_word(View line, View word);

// Characters, not bytes.
[[nodiscard]] std::size_t columns(View line);

inline bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
inline View name_of(View path) { return path.substr(path.rfind('/') + 1); }
inline View folder_of(View path) { return path.substr(0, path.rfind('/') + 1); }
inline bool is_cc(View path) { return path.ends_with(".cc"); }
inline bool is_header(View path) { return path.ends_with(".h"); }
inline bool is_cpp(View path) { return is_cc(path) || is_header(path); }

bool has(const auto& range, const auto& value, auto projection) {
  return std::ranges::find(range, value, projection) != std::ranges::end(range);
}
bool has(const auto& range, const auto& value) { return has(range, value, std::identity()); }
bool starts_with_any(View text, const auto& beginnings) {
  return std::ranges::any_of(beginnings, [text](View each) { return text.starts_with(each); });
}
bool contains_any(View text, const auto& parts) {
  return std::ranges::any_of(parts, [text](View each) { return text.contains(each); });
}

}  // namespace lockstep::tidy
