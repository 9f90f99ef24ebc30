// SPDX-License-Identifier: Apache-2.0
#include "engine/base/ids.h"

#include <algorithm>
#include <charconv>

#include "engine/base/limits.h"
#include "engine/base/time.h"

namespace lockstep {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base32_digits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's
constexpr std::size_t epoch_digits = 16;
static_assert(hex_digits.size() == 16 && base32_digits.size() == 32);
static_assert(epoch_digits == 2 * sizeof(std::uint64_t), "two hex digits a byte");

constexpr bool is_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

// All of `text` as a number without a sign. It may have leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > limits::id_bytes_max) return false;
  if (text == "." || text == "..") return false;
  return std::ranges::all_of(text, is_id_character);
}

std::string to_string(const ThreadName& thread) {
  return "thread " + thread.id.get() + " of " + thread.owner.get();
}

std::string to_string(const Cursor& cursor) {
  std::string text = std::to_string(cursor.at.get());
  text += '@';
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += hex_digits[(cursor.epoch.get() >> shift) & 0xF];
  }
  return text;
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  const std::size_t sign = text.find('@');
  if (sign == std::string_view::npos) return std::nullopt;
  const std::string_view at = text.substr(0, sign);
  const std::string_view epoch = text.substr(sign + 1);
  if (at.empty() || (at.size() > 1 && at[0] == '0')) return std::nullopt;
  if (epoch.size() != epoch_digits ||
      epoch.find_first_not_of(hex_digits) != std::string_view::npos) {
    return std::nullopt;
  }
  const auto at_value = parse_number(at, 10);
  const auto epoch_value = parse_number(epoch, 16);
  if (!at_value || !epoch_value) return std::nullopt;
  return Cursor{Timestamp(*at_value), Epoch(*epoch_value)};
}

std::string to_hex(const Hash& hash) {
  std::string text;
  text.reserve(2 * hash.size());
  for (const std::uint8_t byte : hash) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 0xF];
  }
  return text;
}

std::optional<Hash> parse_hash(std::string_view hex) {
  Hash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t at = 0; at < hash.size(); ++at) {
    const std::size_t high = hex_digits.find(hex[2 * at]);
    const std::size_t low = hex_digits.find(hex[2 * at + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    hash[at] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return hash;
}

std::string make_id(Timestamp now, Random& random) {
  constexpr int time_digits = 10;
  constexpr int chance_digits = 16;
  constexpr int digit_bits = 5;
  static_assert(time_digits * digit_bits >= 48, "milliseconds for some thousand years");
  std::string id;
  const std::uint64_t milliseconds = now.get() / 1000;
  for (int digit = time_digits - 1; digit >= 0; --digit) {
    id += base32_digits[(milliseconds >> (digit_bits * digit)) & 31];
  }
  std::uint64_t chance = 0;
  for (int digit = 0; digit < chance_digits; ++digit) {
    // One draw lasts for twelve digits: they use 60 of its 64 bits.
    if (digit % 12 == 0) chance = random.next();
    id += base32_digits[chance & 31];
    chance >>= digit_bits;
  }
  return id;
}

}  // namespace lockstep
