// SPDX-License-Identifier: Apache-2.0
#include "engine/base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/base/must.h"
#include "engine/base/utf8.h"

namespace lockstep {
namespace {

// A continuation byte belongs to the code point before it.
constexpr bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Four bytes of UTF-8 are beyond U+FFFF: a surrogate pair.
constexpr Units units_at(char lead) { return static_cast<unsigned char>(lead) >= 0xF0 ? 2 : 1; }

struct Place {
  std::size_t byte = 0;
  Units units = 0;
};

bool eight_are_ascii(std::string_view text) {
  std::uint64_t word = 0;
  if (text.size() < sizeof word) return false;
  std::memcpy(&word, text.data(), sizeof word);
  return (word & 0x8080808080808080) == 0;
}

// The units of the first eight bytes, counted at once. Requires: the text has eight bytes.
std::size_t units_of_eight(std::string_view text) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t upper = 0x80 * each;
  std::uint64_t word = 0;
  std::memcpy(&word, text.data(), sizeof word);
  if ((word & upper) == 0) return sizeof word;
  // The upper bit of each byte says: does the byte begin with 10 (continued), with 1111 (pairs)?
  const std::uint64_t continued = word & ~(word << 1) & upper;
  const std::uint64_t pairs = word & word << 1 & word << 2 & word << 3 & upper;
  const auto count = [](std::uint64_t marks) { return (marks >> 7) * each >> 56; };
  return sizeof word - count(continued) + count(pairs);
}

// The last code point boundary at or before `units`.
Place boundary(std::string_view text, Units units, Units total) {
  if (units >= total) return {text.size(), total};
  if (total == text.size()) return {units, units};  // plain ASCII
  Place place;
  while (place.byte < text.size()) {
    const Units next = place.units + units_at(text[place.byte]);
    if (next > units) break;
    place.units = next;
    ++place.byte;
    while (place.byte < text.size() && continues(text[place.byte])) ++place.byte;
  }
  return place;
}

// The length of the well-formed sequence at the start of `text`, or 0.
std::size_t sequence_bytes(std::string_view text) {
  const Utf8Lead lead = utf8_lead(static_cast<std::uint8_t>(text[0]));
  if (lead.bytes <= 1) return lead.bytes;
  if (text.size() < lead.bytes) return 0;
  const auto second = static_cast<std::uint8_t>(text[1]);
  if (second < lead.low || second > lead.high) return 0;
  for (std::size_t at = 2; at < lead.bytes; ++at) {
    if (!continues(text[at])) return 0;
  }
  return lead.bytes;
}

}  // namespace

Units units_of(std::string_view text) {
  std::size_t units = 0;
  while (text.size() >= sizeof(std::uint64_t)) {
    units += units_of_eight(text);
    text.remove_prefix(sizeof(std::uint64_t));
  }
  for (const char byte : text) {
    if (!continues(byte)) units += units_at(byte);
  }
  return static_cast<Units>(units);
}

std::size_t byte_at(std::string_view text, Units units, Units total) {
  const std::size_t byte = boundary(text, units, total).byte;
  MUST(byte <= text.size());  // callers resize to it: a cut never lengthens
  return byte;
}

Units round_down(std::string_view text, Units units, Units total) {
  const Units whole = boundary(text, units, total).units;
  MUST(whole <= units);
  return whole;
}

std::string_view first_points(std::string_view text, std::size_t points) {
  std::size_t byte = 0;
  while (byte < text.size() && points > 0) {
    ++byte;
    while (byte < text.size() && continues(text[byte])) ++byte;
    --points;
  }
  return text.substr(0, byte);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (eight_are_ascii(text)) {
      text.remove_prefix(sizeof(std::uint64_t));
      continue;
    }
    const std::size_t bytes = sequence_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace lockstep
