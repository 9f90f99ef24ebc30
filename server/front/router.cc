// SPDX-License-Identifier: Apache-2.0
#include "server/front/router.h"

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/base/limits.h"
#include "server/front/call.h"
#include "server/front/callers.h"
#include "server/front/handlers.h"
#include "server/net/http_rules.h"

namespace lockstep {
namespace {

using enum Route::Access;
using enum Route::Body;

constexpr std::array routes{
    Route{"POST", "/v1/threads/{}/sync", users, json, sync_thread},
    Route{"GET", "/v1/threads/{}/events", streams, none, follow_events},
    Route{"GET", "/v1/threads/{}/messages", users, none, get_messages},
    Route{"GET", "/v1/threads/{}/runs/{}", users, none, get_run},
    Route{"GET", "/v1/threads/{}/runs/{}/context", users, none, get_context},
    Route{"POST", "/v1/threads/{}/runs/{}/steps", users, json, write_steps},
    Route{"GET", "/v1/threads/{}", users, none, get_thread},
    Route{"DELETE", "/v1/threads/{}", users, none, delete_thread},
    Route{"GET", "/v1/threads", users, none, list_threads},
    Route{"GET", "/v1/agents", users, none, get_agents},
    Route{"POST", "/v1/blobs", users, Route::Body::stream, nullptr, take_blob},
    Route{"GET", "/v1/blobs/{}", links, none, get_blob},
    Route{"POST", "/v1/blobs/{}/link", users, none, make_blob_link},
    Route{"POST", "/v1/claims", workers, json, claim_run},
    Route{"POST", "/v1/claims/{}/steps", workers, json, write_claimed},
    Route{"GET", "/v1/claims/{}/blobs/{}", workers, none, get_claimed_blob},
    Route{"GET", "/v1/usage", users, none, get_usage},
    Route{"GET", "/v1/feed", streams, none, follow_feed},
    Route{"GET", "/v1/socket", Route::Access::socket, none, open_socket},
    Route{"POST", "/v1/tickets", users, none, make_ticket},
    Route{"GET", "/healthz", everybody, none, get_health},
    Route{"GET", "/readyz", everybody, none, get_readiness},
    Route{"GET", "/metrics", users, none, get_metrics},
};
// Everybody may load the page: it holds no data, and has the form in which a user enters a token.
constexpr Route page_route{"GET", "", everybody, none, get_asset};

// The segments of `path` at the pattern's `{}`; nullopt if the path does not match.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& path) {
  std::vector<std::string> names;
  pattern.remove_prefix(1);
  for (const std::string& segment : path) {
    if (pattern.empty()) return std::nullopt;
    const std::string_view expected = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(std::min(pattern.size(), expected.size() + 1));
    if (expected == "{}") {
      names.push_back(segment);
    } else if (expected != segment) {
      return std::nullopt;
    }
  }
  if (!pattern.empty()) return std::nullopt;
  return names;
}

// Takes `users/{user}` out of a thread's path, which leaves the path of a thread of the caller.
// Only threads can belong to another user: any other such path stays as it is, and matches no
// route.
std::optional<UserId> take_owner(std::vector<std::string>& path) {
  constexpr std::size_t thread_path_min = 5;  // v1 users {user} threads {thread}
  if (path.size() < thread_path_min || path[0] != "v1" || path[1] != "users" ||
      path[3] != "threads") {
    return std::nullopt;
  }
  UserId owner(std::move(path[2]));
  path.erase(path.begin() + 1, path.begin() + 3);
  return owner;
}

// HEAD is GET without the body; a WebSocket must be opened by GET (RFC 6455, 4.1).
bool takes_head(const Route& route) {
  return route.method == "GET" && route.access != Route::Access::socket;
}

bool fits(const Route& route, const Request& request) {
  return route.method == request.method || (request.method == "HEAD" && takes_head(route));
}

// The host that the request addresses: the target's if it has one, which overrides Host
// (RFC 9112, 3.2.2). nullopt in HTTP/1.0 without Host.
std::optional<std::string> authority_of(const Request& request, const Target& target) {
  if (target.authority) return target.authority;
  const std::string* host = request.header("host");
  return host == nullptr ? std::nullopt : std::optional(*host);
}

bool is_this_machine(std::string_view authority) {
  const auto host = host_of(authority);
  return host && (is_same(*host, "localhost") || is_loopback(*host));
}

std::optional<Problem> check_host(const Front& front, const std::optional<std::string>& authority) {
  // DNS rebinding: a hostile page lets its own name resolve to this machine, and can then send
  // requests here as its own origin. They carry that name, so refuse it.
  const bool rebound = authority && front.rules.is_loopback_only && !front.auth.needs_tokens() &&
                       !is_this_machine(*authority);
  if (!rebound) return std::nullopt;
  return make_problem(codes::forbidden_host,
                      "Without a token file the server answers only to `localhost` and loopback "
                      "addresses: use one of these, or start it with --tokens.");
}

std::optional<Problem> check_origin(const Front& front, const Request& request,
                                    const std::optional<std::string>& authority) {
  const std::string* origin = request.header("origin");
  if (origin == nullptr) return std::nullopt;
  const std::size_t scheme = origin->find("://");
  const bool own = authority && scheme != std::string::npos &&
                   std::string_view(*origin).substr(scheme + 3) == *authority;
  if (own || std::ranges::find(front.rules.origins, *origin) != front.rules.origins.end()) {
    return std::nullopt;
  }
  return make_problem(
      codes::forbidden_origin,
      "The origin " + *origin + " is not allowed: add it to the setting `origins`.");
}

std::optional<Problem> check_body(const Route& route, const Request& request) {
  if (route.body != json) return std::nullopt;
  const std::string* type = request.header("content-type");
  if (type != nullptr && is_media_type(*type, "application/json")) return std::nullopt;
  return make_problem(codes::unsupported_media_type, "The body must be `application/json`.");
}

std::optional<Problem> check_names(const Call& call) {
  if (call.owner && !is_id(call.owner->get())) {
    return make_problem(codes::invalid,
                        "A user in the path must be an id: 1 to 128 characters of A-Z a-z 0-9 . _ "
                        ": -.",
                        "user");
  }
  for (const std::string& name : call.names) {
    if (is_id(name)) continue;
    return make_problem(codes::invalid,
                        "An id in the path must be 1 to 128 characters of A-Z a-z 0-9 . _ : -.",
                        call.names.front() == name ? "thread" : "run");
  }
  return std::nullopt;
}

Response options_response(const Request& request, const std::string& methods) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", methods);
  if (request.header("access-control-request-method") != nullptr) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Cache-Control, Content-Type, If-Match, "
                                  "If-None-Match, If-Range, Last-Event-ID, Range");
    response.headers.emplace_back("Access-Control-Max-Age",
                                  std::to_string(limits::cors_age.count()));
  }
  return response;
}

Response wrong_method(const std::string& methods) {
  Response response =
      response_of(make_problem(codes::method_not_allowed, "This path takes " + methods + "."));
  response.headers.emplace_back("Allow", methods);
  return response;
}

// The checks that hold for every request. Returns its target, parsed.
std::expected<Target, Problem> check_request(Front& front, const Request& request,
                                             const std::string& address, Tick now) {
  // First, so that refused requests use up the address's rate too.
  if (!front.rate.may_ask(address, now)) {
    return std::unexpected(make_problem(
        codes::too_many, "This address has sent too many requests: wait and try again."));
  }
  if (auto problem = check_fields(request)) return std::unexpected(std::move(*problem));
  std::optional<Target> target = parse_target(request.target);
  const bool whole_server = request.target == "*" && request.method == "OPTIONS";
  if (!target && !whole_server) {
    return std::unexpected(
        make_problem(codes::malformed, "The target must be a path, with or without a query."));
  }
  if (!target) target.emplace();
  const std::optional<std::string> authority = authority_of(request, *target);
  if (auto problem = check_host(front, authority)) return std::unexpected(std::move(*problem));
  if (auto problem = check_origin(front, request, authority)) {
    return std::unexpected(std::move(*problem));
  }
  return std::move(*target);
}

// The methods of the path; for `*`, those that any path takes.
std::string methods_for(const Request& request, const Target& target, const Asset* asset) {
  if (request.target == "*") return "GET, HEAD, POST, DELETE, OPTIONS";
  return asset == nullptr ? methods_of(target.path) : "GET, HEAD, OPTIONS";
}

// Counts the request in its user's limits.
std::optional<Problem> count(Front& front, Admission& admission) {
  const std::string& user = admission.call.user.get();
  if (!front.rate.user_may_ask(user, admission.call.now)) {
    return make_problem(codes::too_many,
                        "This user has sent too many requests: wait and try again.");
  }
  auto open = front.rate.open_of(user);
  if (!open) {
    return make_problem(
        codes::too_many,
        "This user has too many open requests and streams: close some and try again.");
  }
  admission.open = std::move(*open);
  return std::nullopt;
}

std::expected<Admission, Problem> admit_to(Front& front, const Route& route, Admission admission) {
  Call& call = admission.call;
  if (route.access != everybody) {
    TRY_LET(caller, caller_of(front, route, call));
    if (auto problem = check_worker(front, route, caller)) {
      return std::unexpected(std::move(*problem));
    }
    call.user = std::move(caller.user);
    call.token = caller.token;
    if (auto problem = count(front, admission)) return std::unexpected(std::move(*problem));
    if (front.stopping)
      return std::unexpected(make_problem(codes::stopping, "The server is stopping: try again."));
  }
  // The handlers of blobs answer every wrong hash alike, and a claim is no id: its handler reads
  // it.
  const bool by_handler = route.pattern.starts_with("/v1/blobs") || route.access == workers;
  auto wrong_name = by_handler ? std::nullopt : check_names(call);
  if (wrong_name) return std::unexpected(std::move(*wrong_name));
  if (auto problem = check_body(route, call.request)) return std::unexpected(std::move(*problem));
  admission.route = &route;
  return admission;
}

}  // namespace

std::string methods_of(const std::vector<std::string>& path) {
  std::string methods;
  for (const Route& route : routes) {
    if (!match(route.pattern, path)) continue;
    if (!methods.empty()) methods += ", ";
    methods += route.method;
    if (takes_head(route)) methods += ", HEAD";
  }
  if (!methods.empty()) methods += ", OPTIONS";
  return methods;
}

void handle(Front& front, const Route& route, Call call, Respond respond) {
  const bool of_thread = route.pattern.starts_with("/v1/threads/{}");
  if (!of_thread || call.user != thread_of(call).owner || front.engine.mended(thread_of(call))) {
    return route.handler(front, std::move(call), std::move(respond));
  }
  const ThreadName thread = thread_of(call);
  front.engine.mend(
      thread, [&front, &route, call = std::move(call), respond = std::move(respond)]() mutable {
        if (auto problem = refused_since(front, {call.user, call.token})) {
          return refuse(respond, *problem);
        }
        route.handler(front, std::move(call), std::move(respond));
      });
}

void body_refused(Front& front, const Route& route, const Call& call, const Problem& problem) {
  if (route.handler == write_steps) note_unread_steps(front, call, problem);
  if (route.handler == write_claimed) note_unread_claimed(front, call, problem);
}

std::vector<std::pair<std::string, std::string>> cors_headers(const Request& request) {
  const std::string* origin = request.header("origin");
  if (origin == nullptr || request.count("origin") > 1) return {};
  // What a script may read besides the simple headers: of blobs, and when to try again.
  return {{"Access-Control-Allow-Origin", *origin},
          {"Access-Control-Expose-Headers",
           "Accept-Ranges, Content-Range, ETag, Location, Retry-After"},
          {"Vary", "Origin"}};
}

std::expected<Admission, Problem> admit(Front& front, Request request, const std::string& address,
                                        Tick now) {
  std::expected<Target, Problem> target = check_request(front, request, address, now);
  if (!target) return std::unexpected(std::move(target.error()));
  std::optional<UserId> owner = take_owner(target->path);
  const Asset* asset = find_asset(front.page, target->path);
  const std::string methods = methods_for(request, *target, asset);
  if (methods.empty())
    return std::unexpected(
        make_problem(codes::not_found, "There is no such path: docs/protocol.md lists them."));

  Admission admission;
  if (request.method == "OPTIONS") {
    admission.response = options_response(request, methods);
    admission.call.request = std::move(request);
    return admission;
  }
  admission.call = {.request = std::move(request),
                    .user = {},
                    .owner = std::move(owner),
                    .token = {},
                    .names = {},
                    .query = std::move(target->query),
                    .now = now,
                    .address = address,
                    .asset = asset};
  if (asset && fits(page_route, admission.call.request)) {
    return admit_to(front, page_route, std::move(admission));
  }
  for (const Route& route : routes) {
    auto names = match(route.pattern, target->path);
    if (!names || !fits(route, admission.call.request)) continue;
    admission.call.names = std::move(*names);
    return admit_to(front, route, std::move(admission));
  }
  admission.response = wrong_method(methods);
  return admission;
}

}  // namespace lockstep
