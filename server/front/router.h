// SPDX-License-Identifier: Apache-2.0
// router.h: which request goes where: a table, readable at a glance.
//
// The gate stands before it: limits, host, origin and token are checked when the header is there,
// before a body is read. What gets through is a `Call`: who asks, and what the path and the query
// name. A thread's path names the caller's own thread; with `/v1/users/{user}` in place of `/v1` it
// names that user's.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/front/front.h"
#include "server/net/http_message.h"

namespace lockstep {

// A request that was let in.
struct Call {
  Request request;
  UserId user;                     // empty if not authorised, which only `socket` lets through
  std::optional<UserId> owner;     // whose thread the path names; nothing: the caller's own
  std::optional<Hash> token;       // by which; nothing: no token is needed
  std::vector<std::string> names;  // what stands in the path's holes, in order; ids
  std::vector<std::pair<std::string, std::string>> query;
  Tick now{};                    // when its header had come
  std::string address;           // of whoever asks, behind proxies too
  const Asset* asset = nullptr;  // the file of the page that it names
};

using Handler = void (*)(Front& front, Call call, Respond respond);

struct Route {
  // `streams`: on these a browser can set no header, so a ticket is as good as a token. `socket`:
  // the same; and a browser can't read the status of a refused handshake, so the socket opens and
  // says it.
  enum class Access : std::uint8_t { everybody, users, streams, socket };
  enum class Body : std::uint8_t { none, json };

  std::string_view method;
  std::string_view pattern;  // `{…}` stands for an id
  Access access = Access::users;
  Body body = Body::none;
  Handler handler = nullptr;
};

// Calls the route's handler; if it is about a thread that a crash has left with open runs, when
// that is mended: nothing of the thread is shown before.
void handle(Front& front, const Route& route, Call call, Respond respond);

// The call was let in, and its body is refused: whoever waits for what it brings is told.
void body_refused(Front& front, const Route& route, const Call& call, const Problem& problem);

struct Admission {
  const Route* route = nullptr;  // null: answered by `response` already
  Call call;
  Response response;
  Counted open;  // of the user, while the request is answered
};

// Judges a request by its header. A problem means that it is refused.
[[nodiscard]] std::expected<Admission, Problem> admit(Front& front, Request request,
                                                      const std::string& address, Tick now);

// For a browser of an allowed origin: what lets it read the answer.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> cors_headers(const Request& request);

// The methods that the path can take, joined by commas; empty: no such path.
[[nodiscard]] std::string methods_of(const std::vector<std::string>& path);

}  // namespace lockstep
