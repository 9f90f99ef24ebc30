// SPDX-License-Identifier: Apache-2.0
// utf8_repair.h: text that comes in pieces, made valid UTF-8.
//
// A model server may cut a character between two chunks: the bytes of its UTF-8, or (a server
// written in JavaScript that cuts by string index) the two halves of a surrogate pair, each written
// as a JSON escape of its own. Both are put together again here, so what is shown is what the model
// wrote. What is not UTF-8 even when whole becomes U+FFFD; nothing else is passed on.
//
// A half of a pair can't stand in UTF-8. Between `surrogates_as_bytes` and `Utf8Repair` it travels
// as the three bytes that its number would have (ED A0..BF xx), which no valid text holds.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

class Utf8Repair {
 public:
  // What is certain of the text by now. Up to five bytes of an unfinished character wait for the
  // next piece; all that comes out, put together, does not depend on how the text was cut.
  [[nodiscard]] std::string feed(std::string_view piece);
  // No more comes: what waits was not a character.
  [[nodiscard]] std::string finish();

 private:
  std::string held_;
};

// For a text that is whole.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// The same JSON with each unpaired `\uD800`..`\uDFFF` escape as bytes, so that a parser takes it.
[[nodiscard]] std::string surrogates_as_bytes(std::string_view json);

}  // namespace lockstep
