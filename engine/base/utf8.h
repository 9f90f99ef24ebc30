// SPDX-License-Identifier: Apache-2.0
// utf8.h: which bytes are UTF-8.
//
// The one table of well-formed byte sequences (RFC 3629, section 4) stands in `utf8_lead`: how many
// bytes a character has that begins so, and which second bytes may follow. All others are 80..BF.
// So there are no overlong forms, no surrogates, and nothing beyond U+10FFFF.
#pragma once

#include <cstdint>

namespace lockstep {

struct Utf8Lead {
  std::uint8_t bytes = 0;  // of the character; 0: no character begins so
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;  // the second byte is within both
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

// Checks a text that comes in pieces.
class Utf8Check {
 public:
  // False: the text can't become UTF-8 any more.
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
  // No character is unfinished.
  [[nodiscard]] constexpr bool complete() const { return missing_ == 0; }

 private:
  Utf8Lead next_;
  int missing_ = 0;
};

}  // namespace lockstep
