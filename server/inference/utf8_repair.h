// SPDX-License-Identifier: Apache-2.0
// utf8_repair.h: makes valid UTF-8 of a text that comes in pieces.
//
// A model server may split a character between two chunks: the bytes of its UTF-8, or (a server in
// JavaScript, which splits by string index) the two halves of a surrogate pair, each as a JSON
// escape of its own. This code joins both, so that users see what the model wrote. Bytes that are
// not UTF-8 even when joined become U+FFFD; the output is always valid.
//
// UTF-8 can't hold half of a pair. From `surrogates_as_bytes` to `Utf8Repair` it has the three
// bytes that its number would have (ED A0..BF xx), which no valid text contains.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

class Utf8Repair {
 public:
  // The text that is certain by now. Up to five bytes of an unfinished character wait for the next
  // piece. The joined output does not depend on the splits of the input.
  [[nodiscard]] std::string feed(std::string_view piece);
  // The text has ended: replaces waiting bytes, which are not a character.
  [[nodiscard]] std::string finish();

 private:
  std::string held_;
};

// For a text in one piece.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// The same JSON with each unpaired `\uD800`..`\uDFFF` escape as bytes, so that a parser takes it.
[[nodiscard]] std::string surrogates_as_bytes(std::string_view json);

}  // namespace lockstep
