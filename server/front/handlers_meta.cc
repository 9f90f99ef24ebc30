// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <array>

#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/codec/json_write.h"
#include "server/front/call.h"
#include "server/front/handlers.h"
#include "server/front/metrics_page.h"
#include "server/front/ws_session.h"
#include "server/net/http_rules.h"

namespace lockstep {
namespace {

// RFC 6455, 1.3: a server hashes the client's key with this.
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

Response text_response(std::string text) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

std::string accept_of(const std::string& key) {
  const std::string text = key + std::string(handshake_guid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

}  // namespace

void make_ticket(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!call.request.body.empty()) {
    return refuse(respond,
                  make_problem(codes::invalid, "A request for a ticket must not have a body."));
  }
  const auto ticket = front.tickets.make({call.user, call.token}, call.now);
  if (!ticket) {
    return refuse(respond, make_problem(codes::too_many,
                                        "Too many unused tickets exist: try again in a minute."));
  }
  std::string body = "{";
  append_field(body, "ticket", *ticket);
  append_field_number(body, "expires_in", limits::ticket_time_max.count());
  respond(json_response(body += '}'));
}

void get_asset(Front& /*front*/, Call call, Respond respond) {
  respond(asset_response(*call.asset, call.request));
}

void get_health(Front& /*front*/, Call /*call*/, Respond respond) {
  respond(text_response("ok\n"));
}

void get_readiness(Front& front, Call /*call*/, Respond respond) {
  if (front.stopping) {
    return refuse(respond, make_problem(codes::stopping, "The server is stopping: try again."));
  }
  respond(text_response("ready\n"));
}

void get_metrics(Front& front, Call /*call*/, Respond respond) {
  Response response = text_response(metrics_page(
      {.metrics = front.metrics,
       .front = front.counts,
       .memory = front.memory,
       .store = front.store ? front.store->memory() : StoreMemory{},
       .heap = heap_use(),
       .agents = front.agents ? front.agents() : std::vector<AgentFace>(),
       .claims = front.claims ? std::optional(front.claims->counts()) : std::nullopt}));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  respond(std::move(response));
}

void open_socket(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (auto problem = check_handshake(call.request)) {
    Response response = response_of(*problem);
    if (problem->status == 426) response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return respond(std::move(response));
  }
  UpgradeAnswer answer;
  answer.accept = accept_of(*call.request.header("sec-websocket-key"));
  if (call.request.header("sec-websocket-protocol") != nullptr) answer.subprotocol = subprotocol;
  const Caller caller{call.user, call.token};
  answer.start = [&front, caller, address = call.address](
                     Transport& transport, Counted counted) -> std::unique_ptr<Protocol> {
    auto session = std::make_unique<WsSession>(transport, front, caller);
    session->came_from(address, std::move(counted));
    if (caller.user.get().empty() || !front.auth.allows(caller)) session->refuse_user();
    return session;
  };
  respond(std::move(answer));
}

}  // namespace lockstep
