// SPDX-License-Identifier: Apache-2.0
// auth.h: who is asking.
//
// Tokens are named, each belongs to a user, and only their SHA-256 is in the file:
//
//   [tokens.laptop]
//   user = "ada"
//   sha256 = "64 hex digits"
//
// Without a file there is one user, `local`, and the server listens on loopback only: whoever can
// reach it is that user.
//
// Lives on: the engine strand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace lockstep {

struct Token {
  std::string name;
  UserId user;
  Hash hash{};
  friend bool operator==(const Token&, const Token&) = default;
};

// Who asks, and by which token: what was opened with a token ends with it.
struct Caller {
  UserId user;
  std::optional<Hash> token;  // nothing: there is no token file
  friend bool operator==(const Caller&, const Caller&) = default;
};

class Auth {
 public:
  // Everybody is `local`.
  Auth() = default;
  // A file without tokens opens to nobody. At a start that is a mistake; later it is what the
  // last revocation leaves behind. An empty file is being written: it is never taken.
  enum class Least { one_token, no_token };
  // Fails with `invalid` if the text is not as above; `source` names it in the error.
  [[nodiscard]] static Result<Auth> parse(std::string_view toml, const std::string& source,
                                          Least least = Least::one_token);
  [[nodiscard]] static Result<Auth> open(const std::string& path, Least least = Least::one_token);

  [[nodiscard]] bool needs_tokens() const { return needs_tokens_; }
  [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }

  // Takes the same time whatever the token has in common with a valid one. `bearer`: the token, or
  // nothing if the request has none.
  [[nodiscard]] std::optional<Caller> caller_of(std::optional<std::string_view> bearer) const;
  // Is the caller's token still in the file, and this user's?
  [[nodiscard]] bool allows(const Caller& caller) const;

 private:
  std::vector<Token> tokens_;
  bool needs_tokens_ = false;
};

// The lines of a token in the file.
[[nodiscard]] std::string token_lines(const Token& token);

// Is this address this machine's own? The address alone, or with a port.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace lockstep
