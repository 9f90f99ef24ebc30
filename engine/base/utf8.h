// SPDX-License-Identifier: Apache-2.0
// utf8.h: the one check of UTF-8.
//
// `utf8_lead` is the table of well-formed byte sequences (RFC 3629, section 4): for a first byte,
// the character's length in bytes, and the range of its second byte. All further bytes are 80..BF.
// So the check refuses overlong forms, surrogates, and everything beyond U+10FFFF.
#pragma once

#include <cstdint>

namespace lockstep {

struct Utf8Lead {
  std::uint8_t bytes = 0;  // of the character; 0: no character begins with this byte
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;  // the second byte is between both, inclusive
};

[[nodiscard]] constexpr Utf8Lead utf8_lead(std::uint8_t byte) {
  if (byte < 0x80) return {.bytes = 1};
  if (byte < 0xC2 || byte > 0xF4) return {};
  if (byte < 0xE0) return {.bytes = 2};
  if (byte == 0xE0) return {.bytes = 3, .low = 0xA0};
  if (byte == 0xED) return {.bytes = 3, .high = 0x9F};
  if (byte < 0xF0) return {.bytes = 3};
  if (byte == 0xF0) return {.bytes = 4, .low = 0x90};
  if (byte == 0xF4) return {.bytes = 4, .high = 0x8F};
  return {.bytes = 4};
}
static_assert(utf8_lead(0xC1).bytes == 0 && utf8_lead(0xE0).low == 0xA0, "no overlong forms");
static_assert(utf8_lead(0xED).high == 0x9F, "no surrogates");
static_assert(utf8_lead(0xF4).high == 0x8F && utf8_lead(0xF5).bytes == 0, "at most U+10FFFF");

// Checks a text byte by byte, as it arrives.
class Utf8Check {
 public:
  // False: the text is not UTF-8, for any following bytes.
  [[nodiscard]] constexpr bool take(std::uint8_t byte) {
    if (missing_ == 0) {
      next_ = utf8_lead(byte);
      missing_ = next_.bytes == 0 ? 0 : next_.bytes - 1;
      return next_.bytes != 0;
    }
    if (byte < next_.low || byte > next_.high) return false;
    next_ = {};
    --missing_;
    return true;
  }
  // True if no character is unfinished.
  [[nodiscard]] constexpr bool complete() const { return missing_ == 0; }

 private:
  Utf8Lead next_;
  int missing_ = 0;
};

}  // namespace lockstep
