// SPDX-License-Identifier: Apache-2.0
// redactor.h: removes secrets from the texts of a model server.
//
// A model server, or a proxy before it, may quote the request that it refuses, key included. Its
// text becomes a run's error, which every front reads and the log keeps for ever. So each text that
// is not the model's answer passes through here first, above all before anything shortens it: the
// redactor could not find half of a key.
//
// It compares secrets and texts in one normal form: up to three layers of escapes undone (percent,
// JSON, HTML, C, quoted-printable, in any mixture), in small letters, without white space, control
// characters and characters without width. It looks for a secret in this form, in base 64 of either
// alphabet at any offset in a longer text, and in hex. The text may hold only a piece: the redactor
// removes the beginning of a secret from 8 characters on and any other piece from 16 on. Ordinary
// words would match shorter pieces.
//
// A value: all agents share one, with the secrets of all.
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
  // Has no secrets.
  Redactor() = default;
  // Leaves out secrets that are too short: ordinary words would match them.
  explicit Redactor(const std::vector<std::string>& secrets);
  [[nodiscard]] static bool is_too_short(std::string_view secret);

  // The text with `[secret]` instead of each secret.
  [[nodiscard]] std::string strike(std::string_view text) const;
  // The same, as the text of a run's error: valid UTF-8, shortened to the limit.
  [[nodiscard]] std::string sentence(std::string_view text) const;

 private:
  struct Secrets;
  std::shared_ptr<const Secrets> secrets_;  // null: none
};

}  // namespace lockstep
