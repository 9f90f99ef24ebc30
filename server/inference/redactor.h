// SPDX-License-Identifier: Apache-2.0
// redactor.h: secrets, struck out of what a model server says.
//
// A model server, or a middle man before it, may quote the request that it refuses, key included.
// Its words become a run's error: every front reads them, and the log keeps them for ever. So each
// text of an upstream that is no answer of the model passes through here before anything else is
// done to it, above all before it is shortened: half a key is no match any more.
//
// A secret is found as it is, and percent-encoded, JSON-escaped or HTML-escaped, in whole or in
// part, up to three times over; in base 64 of either alphabet, at any offset in a longer text; and
// in hex. White space in between does not hide it. The beginning of a secret at the end of a text
// is struck too, for the text may have been cut there.
//
// A value: all agents are given the same one, with the secrets of all.
//
// Lives on: any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

class Redactor {
 public:
  // Knows no secret.
  Redactor() = default;
  // Those that are too short are left out: they would be found in ordinary words.
  explicit Redactor(const std::vector<std::string>& secrets);
  [[nodiscard]] static bool is_too_short(std::string_view secret);

  // The text with `[secret]` in place of each secret.
  [[nodiscard]] std::string strike(std::string_view text) const;
  // The same as a sentence of a run's error: valid UTF-8, not longer than an error may be.
  [[nodiscard]] std::string sentence(std::string_view text) const;

  // One form of one secret.
  struct Needle {
    enum class Form { plain, base64, hex };
    std::string text;  // without white space; hex: in lower case
    Form form = Form::plain;
    bool shares_first = false;  // base 64: the character before it has bits of the secret
    bool shares_last = false;   // and the one behind it
  };

 private:
  std::shared_ptr<const std::vector<Needle>> needles_;  // null: none
};

}  // namespace lockstep
