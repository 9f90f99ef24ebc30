// SPDX-License-Identifier: Apache-2.0
// auth.h: finds the user of a request by its token.
//
// A token has a name and belongs to a user. The token file holds only its SHA-256:
//
//   [tokens.laptop]
//   user = "ada"
//   sha256 = "64 hex digits"
//
// A token of a worker has no user: it names the agents whose runs it may claim, and does nothing
// else.
//
//   [tokens.researcher]
//   produce = ["research"]
//   sha256 = "64 hex digits"
//
// Without a file there is one user, `local`, and the server listens on loopback only: every client
// is that user.
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
  UserId user;  // empty: a worker's
  Hash hash{};
  std::vector<AgentName> produce{};  // not empty for a worker's
  friend bool operator==(const Token&, const Token&) = default;
};

// The user of a request, and its token: the server ends streams opened with a revoked token. A
// worker counts in limits as the user `produce/NAME`, which no thread can have.
struct Caller {
  UserId user;
  std::optional<Hash> token;  // nullopt: there is no token file
  friend bool operator==(const Caller&, const Caller&) = default;
};

class Auth {
 public:
  // Without tokens: every caller is `local`.
  Auth() = default;
  // A file without tokens refuses every user. At a start that is a mistake (`one_token`); later it
  // remains after the last revocation. A blank file is a write in progress, so it always fails.
  enum class Least { one_token, no_token };
  // Fails with `invalid` if the text does not have the form above; `source` is its name in errors.
  [[nodiscard]] static Result<Auth> parse(std::string_view toml, const std::string& source,
                                          Least least = Least::one_token);
  [[nodiscard]] static Result<Auth> open(const std::string& path, Least least = Least::one_token);

  [[nodiscard]] bool needs_tokens() const { return needs_tokens_; }
  [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }

  // Compares in constant time, so that the time does not tell how much of a guess was right.
  // `bearer`: the token; nullopt if the request has none.
  [[nodiscard]] std::optional<Caller> caller_of(std::optional<std::string_view> bearer) const;
  // Is the caller's token still in the file, with the same user?
  [[nodiscard]] bool allows(const Caller& caller) const;
  // The caller's token, if it is a worker's; else null.
  [[nodiscard]] const Token* worker(const Caller& caller) const;
  // May the caller claim runs of this agent? Without a token file everybody may.
  [[nodiscard]] bool may_claim(const Caller& caller, const AgentName& agent) const;

 private:
  std::vector<Token> tokens_;
  bool needs_tokens_ = false;
};

// The lines of a token in the file.
[[nodiscard]] std::string token_lines(const Token& token);

// Is this a loopback address, or `localhost`? With or without a port.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace lockstep
