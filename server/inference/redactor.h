// SPDX-License-Identifier: Apache-2.0
// redactor.h: secrets, struck out of what a model server says.
//
// A model server, or a middle man before it, may quote the request that it refuses, key included.
// Its words become a run's error: every front reads them, and the log keeps them for ever. So each
// text of an upstream that is no answer of the model passes through here before anything else is
// done to it, above all before it is shortened: half a key is no match any more.
//
// A secret and a text are compared in one normal form: escapes undone, up to three times over
// (percent, JSON, HTML, C, quoted-printable, in any mixture), in small letters, without white
// space, control characters and what has no width. A secret is looked for so, in base 64 of either
// alphabet at any offset in a longer text, and in hex. What stands there may be cut: the beginning
// of a secret is struck from 8 characters on, any other piece from 16 on; shorter pieces would be
// found in ordinary words.
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

 private:
  struct Secrets;
  std::shared_ptr<const Secrets> secrets_;  // null: none
};

}  // namespace lockstep
