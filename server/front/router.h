// SPDX-License-Identifier: Apache-2.0
// router.h: finds the handler of a request in one table, and checks the request first.
//
// `admit` checks the limits, the host, the origin and the token as soon as the header is complete,
// before the server reads a body. A request that passes becomes a `Call`: its user, and the names
// in its path and query. A path `/v1/threads/…` names the caller's own thread; the path
// `/v1/users/{user}/threads/…` names that user's.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/alive.h"
#include "server/front/front.h"
#include "server/net/body_sink.h"
#include "server/net/http_message.h"

namespace lockstep {

// An admitted request.
struct Call {
  Request request;
  UserId user;                     // empty if not authorised, which only `socket` lets through
  std::optional<UserId> owner;     // of the thread in the path; nullopt: the caller
  std::optional<Hash> token;       // the caller's; nullopt: the server has no token file
  std::vector<std::string> names;  // the ids in the path, in order
  std::vector<std::pair<std::string, std::string>> query;
  Tick now{};                    // when its header was complete
  std::string address;           // of the client, also behind proxies
  bool by_link = false;          // a link to a blob took the place of the token
  const Asset* asset = nullptr;  // the file of the web page in the path
  // Ends when the client closes its side: then no worker waits for a run any more.
  std::optional<Alive::Watch> client = {};
};

using Handler = void (*)(Front& front, Call call, Respond respond);
// Takes the body as it comes. `drained`: the session may look at `held` again. If it answers within
// this call, the session drops the sink.
using Receiver = std::unique_ptr<BodySink> (*)(Front& front, Call call, Respond respond,
                                               std::function<void()> drained);

struct Route {
  // `streams`: a browser can't set a header on these, so a ticket replaces the token. `socket`: the
  // same; besides, a browser can't read the status of a refused handshake, so the socket opens and
  // then closes with a code. `links`: a link to the blob in the path replaces the token. `workers`:
  // tokens of workers, which may use only these and a socket.
  enum class Access : std::uint8_t { everybody, users, streams, socket, links, workers };
  enum class Body : std::uint8_t { none, json, stream };

  std::string_view method;
  std::string_view pattern;  // `{}` stands for an id
  Access access = Access::users;
  Body body = Body::none;
  Handler handler = nullptr;
  Receiver receiver = nullptr;  // instead, if the body is a stream
};

// Calls the route's handler. If a crash left open runs in the call's thread, the engine mends them
// first: no client may see the thread before.
void handle(Front& front, const Route& route, Call call, Respond respond);

// The server admitted the call and then refused its body. If the body had steps, tells the engine,
// so that it refuses the later steps of that run too.
void body_refused(Front& front, const Route& route, const Call& call, const Problem& problem);

struct Admission {
  const Route* route = nullptr;  // null: `response` is the answer
  Call call;
  Response response;
  Counted open;  // one open request of the user, until it is answered
};

// Checks a request by its header. A problem refuses it.
[[nodiscard]] std::expected<Admission, Problem> admit(Front& front, Request request,
                                                      const std::string& address, Tick now);

// The headers that let a browser read the answer. The request's origin must have passed `admit`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> cors_headers(const Request& request);

// The methods that the path takes, joined by commas; empty if there is no such path.
[[nodiscard]] std::string methods_of(const std::vector<std::string>& path);

}  // namespace lockstep
