// SPDX-License-Identifier: Apache-2.0
#include "server/base/auth.h"

#include <openssl/crypto.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep {
namespace {

std::unexpected<Error> wrong(const std::string& source, const std::string& what) {
  return fail(Kind::rejected, codes::invalid, source + ": " + what);
}

std::string at(const std::string& source, const toml::source_region& region) {
  return source + " line " + std::to_string(region.begin.line);
}

// The agents of a worker's token. Nothing: it is no array of names.
std::optional<std::vector<AgentName>> read_produce(const toml::node& node) {
  const toml::array* names = node.as_array();
  if (names == nullptr || names->empty()) return {};
  std::vector<AgentName> agents;
  for (const toml::node& each : *names) {
    const auto name = each.value<std::string>();
    if (!name || !is_id(*name)) return {};
    agents.emplace_back(*name);
  }
  return agents;
}

UserId user_of(const Token& token) {
  return token.produce.empty() ? token.user : UserId("produce/" + token.name);
}

Result<Token> read_token(std::string_view name, const toml::node& node, const std::string& source) {
  const std::string where = "tokens." + std::string(name);
  const toml::table* table = node.as_table();
  const std::string place = at(source, node.source());
  if (table == nullptr) return wrong(place, where + " must be a table");
  for (const auto& [key, value] : *table) {
    if (key.str() != "user" && key.str() != "produce" && key.str() != "sha256") {
      return wrong(at(source, value.source()),
                   where + "." + std::string(key.str()) +
                       " is not a known field: a token has `user` or `produce`, and `sha256`");
    }
  }
  const auto hash = parse_hash((*table)["sha256"].value_or<std::string>(""));
  if (!hash) return wrong(place, where + ".sha256 must be 64 hex digits");
  if (const toml::node* agents = table->get("produce")) {
    if (table->contains("user"))
      return wrong(place, where + " has `user` and `produce`: a worker's token has no user");
    auto produce = read_produce(*agents);
    if (!produce)
      return wrong(place,
                   where + ".produce must be an array of names of agents, such as [\"mine\"]");
    return Token{std::string(name), {}, *hash, *std::move(produce)};
  }
  const auto user = (*table)["user"].value<std::string>();
  if (!user || !is_id(*user))
    return wrong(place, where + ".user must be an id: 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  return Token{std::string(name), UserId(*user), *hash};
}

Result<std::vector<Token>> read_tokens(const toml::table& root, const std::string& source) {
  std::vector<Token> tokens;
  for (const auto& [key, value] : root) {
    const std::string place = at(source, value.source());
    if (key.str() != "tokens")
      return wrong(place, std::string(key.str()) + " is not a known table: use [tokens.NAME]");
    const toml::table* table = value.as_table();
    if (table == nullptr) return wrong(place, "tokens must be a table");
    for (const auto& [name, node] : *table) {
      TRY_LET(token, read_token(name.str(), node, source));
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

}  // namespace

Result<Auth> Auth::parse(std::string_view text, const std::string& source, Least least) {
  Auth auth;
  auth.needs_tokens_ = true;
  try {
    TRY_LET(tokens, read_tokens(toml::parse(text, source), source));
    auth.tokens_ = std::move(tokens);
  } catch (const toml::parse_error& error) {
    return wrong(at(source, error.source()), std::string(error.description()));
  }
  const bool is_blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (auth.tokens_.empty() && (is_blank || least == Least::one_token)) {
    return wrong(source, "it has no token: make one with `lockstep token create`");
  }
  return auth;
}

Result<Auth> Auth::open(const std::string& path, Least least) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return fail(Kind::not_found, error == ENOENT ? codes::no_token_file : codes::token_file_closed,
                path + " can't be read: " + std::system_category().message(error));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse(text.str(), path, least);
}

std::optional<Caller> Auth::caller_of(std::optional<std::string_view> bearer) const {
  if (!needs_tokens_) return Caller{UserId("local"), {}};
  if (!bearer) return std::nullopt;
  const Hash given = sha256(*bearer);
  const Token* found = nullptr;
  // Compare with all tokens, so that the time does not tell which one matched.
  for (const Token& token : tokens_) {
    if (CRYPTO_memcmp(token.hash.data(), given.data(), given.size()) == 0) found = &token;
  }
  if (found == nullptr) return std::nullopt;
  return Caller{user_of(*found), found->hash};
}

bool Auth::allows(const Caller& caller) const {
  if (!needs_tokens_) return true;
  return std::ranges::any_of(tokens_, [&caller](const Token& token) {
    return token.hash == caller.token && user_of(token) == caller.user;
  });
}

const Token* Auth::worker(const Caller& caller) const {
  const auto found = std::ranges::find_if(tokens_, [&caller](const Token& token) {
    return !token.produce.empty() && token.hash == caller.token;
  });
  return found == tokens_.end() ? nullptr : &*found;
}

bool Auth::may_claim(const Caller& caller, const AgentName& agent) const {
  if (!needs_tokens_) return true;
  const Token* token = worker(caller);
  return token != nullptr && std::ranges::find(token->produce, agent) != token->produce.end();
}

std::string token_lines(const Token& token) {
  std::string whose = "user = \"" + token.user.get() + "\"";
  if (!token.produce.empty()) {
    whose = "produce = [";
    for (const AgentName& agent : token.produce) {
      whose += (whose.ends_with('[') ? "\"" : ", \"") + agent.get() + '"';
    }
    whose += ']';
  }
  return "[tokens." + token.name + "]\n" + whose + "\nsha256 = \"" + to_hex(token.hash) + "\"\n";
}

bool is_loopback(std::string_view address) {
  if (address.starts_with('[')) {
    address.remove_prefix(1);
    address = address.substr(0, address.find(']'));
  } else if (std::ranges::count(address, ':') == 1) {
    address = address.substr(0, address.find(':'));
  }
  const bool digits =
      std::ranges::all_of(address, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return address == "localhost" || address == "::1" || address == "::ffff:127.0.0.1" ||
         (digits && address.starts_with("127."));
}

}  // namespace lockstep
