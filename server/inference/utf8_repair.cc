// SPDX-License-Identifier: Apache-2.0
#include "server/inference/utf8_repair.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/base/utf8.h"

namespace lockstep {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// Lets surrogates (ED A0..BF) through; `take_one` joins or replaces them.
Utf8Lead lead_of(std::uint8_t byte) {
  return byte == 0xED ? Utf8Lead{.bytes = 3} : utf8_lead(byte);
}

// The bytes from `at` on that can be the beginning of one character, at most `length`.
std::size_t prefix_of(std::string_view text, std::size_t at, std::size_t length) {
  std::size_t have = 1;
  while (have < length && at + have < text.size()) {
    const Utf8Lead range = have == 1 ? lead_of(byte(text, at)) : Utf8Lead{};
    const std::uint8_t next = byte(text, at + have);
    if (next < range.low || next > range.high) break;
    ++have;
  }
  return have;
}

bool is_high(std::string_view three) {
  return byte(three, 0) == 0xED && byte(three, 1) >= 0xA0 && byte(three, 1) <= 0xAF;
}
bool is_low(std::string_view three) { return byte(three, 0) == 0xED && byte(three, 1) >= 0xB0; }

std::uint32_t unit_of(std::string_view three) {
  return ((byte(three, 0) & 0x0Fu) << 12) | ((byte(three, 1) & 0x3Fu) << 6) |
         (byte(three, 2) & 0x3Fu);
}

void append_pair(std::string& out, std::string_view high, std::string_view low) {
  const std::uint32_t point = 0x10000 + ((unit_of(high) - 0xD800) << 10) + (unit_of(low) - 0xDC00);
  out += static_cast<char>(0xF0 | (point >> 18));
  out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
  out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  out += static_cast<char>(0x80 | (point & 0x3F));
}

// Can the bytes at `at` still become the second half of a pair?
bool may_become_low(std::string_view text, std::size_t at) {
  if (at == text.size()) return true;
  if (byte(text, at) != 0xED) return false;
  if (at + 1 == text.size()) return true;
  if (byte(text, at + 1) < 0xB0 || byte(text, at + 1) > 0xBF) return false;
  return at + 2 == text.size();
}

// Takes the first half of a pair at `at`. Returns the bytes used, or 0 if more must come.
std::size_t take_high(std::string_view text, std::size_t at, std::string& out) {
  if (may_become_low(text, at + 3)) return 0;
  if (prefix_of(text, at + 3, 3) == 3 && is_low(text.substr(at + 3, 3))) {
    append_pair(out, text.substr(at, 3), text.substr(at + 3, 3));
    return 6;
  }
  out += replacement;
  return 3;
}

// Takes one character, or appends one replacement. Returns the bytes used, or 0 if more must come.
std::size_t take_one(std::string_view text, std::size_t at, std::string& out) {
  const std::size_t length = lead_of(byte(text, at)).bytes;
  if (length == 1) {
    out += text[at];
    return 1;
  }
  if (length == 0) {
    out += replacement;
    return 1;
  }
  const std::size_t have = prefix_of(text, at, length);
  if (have < length) {
    if (at + have == text.size()) return 0;
    out += replacement;
    return have;
  }
  const std::string_view whole = text.substr(at, length);
  if (length == 3 && is_high(whole)) return take_high(text, at, out);
  out += length == 3 && is_low(whole) ? replacement : whole;
  return length;
}

std::optional<std::uint32_t> escape_at(std::string_view json, std::size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return {};
  std::uint32_t unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char digit = json[i];
    unit <<= 4;
    if (digit >= '0' && digit <= '9') {
      unit |= static_cast<std::uint32_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      unit |= static_cast<std::uint32_t>(digit - 'a' + 10);
    } else if (digit >= 'A' && digit <= 'F') {
      unit |= static_cast<std::uint32_t>(digit - 'A' + 10);
    } else {
      return {};
    }
  }
  return unit;
}

bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Takes the escape at `at`. Returns the bytes used.
std::size_t take_escape(std::string_view json, std::size_t at, std::string& out) {
  const std::optional<std::uint32_t> unit = escape_at(json, at);
  if (!unit) {
    out += json.substr(at, 2);
    return 2;
  }
  const std::optional<std::uint32_t> next = escape_at(json, at + 6);
  if (is_high(*unit) && next && is_low(*next)) {
    out += json.substr(at, 12);
    return 12;
  }
  if (is_high(*unit) || is_low(*unit)) {
    out += static_cast<char>(0xED);
    out += static_cast<char>(0x80 | ((*unit >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (*unit & 0x3F));
  } else {
    out += json.substr(at, 6);
  }
  return 6;
}

}  // namespace

std::string Utf8Repair::feed(std::string_view piece) {
  std::string joined;
  if (!held_.empty()) {
    joined = std::exchange(held_, {});
    joined += piece;
    piece = joined;
  }
  std::string out;
  out.reserve(piece.size());
  std::size_t at = 0;
  while (at < piece.size()) {
    const std::size_t used = take_one(piece, at, out);
    if (used == 0) break;
    at += used;
  }
  held_ = piece.substr(at);
  return out;
}

std::string Utf8Repair::finish() {
  std::string out;
  std::string_view rest = held_;
  while (!rest.empty()) {
    // Half of a pair becomes one replacement, an unfinished character after it another.
    const bool half = rest.size() >= 3 && byte(rest, 0) == 0xED;
    out += replacement;
    rest.remove_prefix(half ? 3 : rest.size());
  }
  held_.clear();
  return out;
}

std::string valid_utf8(std::string_view text) {
  Utf8Repair repair;
  std::string out = repair.feed(text);
  out += repair.finish();
  return out;
}

std::string surrogates_as_bytes(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] == '\\') {
      at += take_escape(json, at, out);
      continue;
    }
    const std::size_t next = std::min(json.find('\\', at), json.size());
    out += json.substr(at, next - at);
    at = next;
  }
  return out;
}

}  // namespace lockstep
