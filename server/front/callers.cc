// SPDX-License-Identifier: Apache-2.0
#include "server/front/callers.h"

#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"

namespace lockstep {
namespace {

using enum Route::Access;

std::optional<std::string_view> bearer_of(const Request& request) {
  const std::string* header = request.header("authorization");
  if (header == nullptr) return std::nullopt;
  constexpr std::string_view scheme = "bearer ";
  const bool bearer = header->size() > scheme.size() &&
                      std::ranges::equal(scheme, header->substr(0, scheme.size()),
                                         [](char want, char is) { return want == (is | 0x20); });
  if (!bearer) return std::nullopt;
  std::string_view token(*header);
  token.remove_prefix(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

// Takes the ticket or the link out of the query, so that neither a handler nor a log sees a secret.
std::expected<std::optional<std::string>, Problem> take_secret(Call& call,
                                                               const std::string& secret) {
  std::optional<std::string> taken;
  for (auto& [name, value] : call.query) {
    if (name != secret) continue;
    if (taken) {
      return std::unexpected(make_problem(
          codes::invalid, "`" + secret + "` is there twice: send it once.", "?" + secret));
    }
    taken = std::exchange(value, {});
  }
  if (!taken) return std::nullopt;
  std::erase_if(call.query, [&secret](const auto& pair) { return pair.first == secret; });
  std::string& target = call.request.target;
  target.resize(target.find('?'));
  return taken;
}

// The user of a link; nullopt if the request has no link.
std::expected<std::optional<Caller>, Problem> linked_caller(Front& front, Call& call) {
  TRY_LET(link, take_secret(call, "link"));
  if (!link) return std::nullopt;
  call.by_link = true;
  const auto blob = BlobHash::parse(call.names.front());
  auto caller = blob ? front.links.caller_of(*link, *blob, front.auth, call.now) : std::nullopt;
  if (caller) return caller;
  return std::unexpected(make_problem(
      codes::unauthorized, "The link is not for this blob, or is too old: ask for a new one."));
}

}  // namespace

std::expected<Caller, Problem> caller_of(Front& front, const Route& route, Call& call) {
  std::optional<std::string> ticket;
  if (route.access == links) {
    TRY_LET(linked, linked_caller(front, call));
    if (linked) return std::move(*linked);
  } else if (route.access == streams || route.access == Route::Access::socket) {
    TRY_LET(taken, take_secret(call, "ticket"));
    ticket = std::move(taken);
  }
  const auto caller = ticket ? front.tickets.take(*ticket, call.now)
                             : front.auth.caller_of(bearer_of(call.request));
  if (caller) return *caller;
  if (route.access == Route::Access::socket) return Caller();
  return std::unexpected(make_problem(
      codes::unauthorized, ticket ? "The ticket is unknown, used or too old: ask for a new one."
                                  : "Send `Authorization: Bearer TOKEN` with a valid token."));
}

std::optional<Problem> check_worker(const Front& front, const Route& route, const Caller& caller) {
  if (!front.auth.needs_tokens() || route.access == Route::Access::socket) return std::nullopt;
  const Token* worker = front.auth.worker(caller);
  if (worker && route.access != workers) {
    return make_problem(
        codes::forbidden,
        "The token `" + worker->name +
            "` is a worker's: it claims runs by POST /v1/claims, and nothing else.");
  }
  if (!worker && route.access == workers) {
    return make_problem(
        codes::forbidden,
        "Only a worker's token may claim runs: make one with `lockstep token create "
        "NAME --produce AGENT`.");
  }
  return std::nullopt;
}

}  // namespace lockstep
