// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/media_type.h"

#include <algorithm>
#include <cstddef>

#include "engine/base/ascii.h"
#include "engine/base/blob_limits.h"

namespace lockstep {
namespace {

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || signs.contains(c);
  });
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

bool can_be_media_type(std::string_view text) {
  const auto is_visible = [](char c) { return c >= ' ' && c <= '~'; };
  if (text.size() > limits::media_type_bytes_max || !std::ranges::all_of(text, is_visible)) {
    return false;
  }
  const std::string_view type = without_spaces(text.substr(0, text.find(';')));
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) &&
         is_token(type.substr(slash + 1));
}

}  // namespace lockstep
