// SPDX-License-Identifier: Apache-2.0
#include "tools/base/base64.h"

#include <algorithm>
#include <cstdint>

namespace lockstep {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr unsigned digit_bits = 6;
constexpr unsigned digit_mask = 63;
constexpr std::size_t group_bytes = 3;
constexpr std::size_t group_digits = 4;

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / group_bytes * group_digits);
  for (std::size_t at = 0; at < bytes.size(); at += group_bytes) {
    const std::size_t count = std::min(group_bytes, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t byte = 0; byte < group_bytes; ++byte) {
      group = group << 8 | (byte < count ? static_cast<std::uint8_t>(bytes[at + byte]) : 0);
    }
    for (std::size_t digit = 0; digit < group_digits; ++digit) {
      const unsigned shift = digit_bits * static_cast<unsigned>(group_digits - 1 - digit);
      text += digit <= count ? digits[group >> shift & digit_mask] : '=';
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % group_digits != 0) return std::nullopt;
  const std::size_t end = text.size() - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
  std::string bytes;
  bytes.reserve(text.size() / group_digits * group_bytes);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, end)) {
    const std::size_t value = digits.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    group = group << digit_bits | static_cast<std::uint32_t>(value);
    bits += digit_bits;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(static_cast<std::uint8_t>(group >> bits));
    group &= (1U << bits) - 1;
  }
  if (group != 0) return std::nullopt;
  return bytes;
}

}  // namespace lockstep
