#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "server/front/call.h"
#include "server/front/handlers.h"
#include "server/front/json_text.h"
#include "server/front/json_write.h"
#include "server/front/ws_session.h"
#include "server/limits.h"
#include "server/metrics_page.h"

namespace lockstep {
namespace {

constexpr std::string_view subprotocol = "lockstep.v1.json";
// RFC 6455, 1.3: what the key is hashed with.
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_length = 24;  // 16 bytes in base 64

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

bool is_same_token(std::string_view item, std::string_view token) {
  return std::ranges::equal(item, token, [](char is, char want) {
    return (is >= 'A' && is <= 'Z' ? is + ('a' - 'A') : is) == want;
  });
}

bool line_lists(std::string_view rest, std::string_view token) {
  while (!rest.empty()) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (is_same_token(item, token)) return true;
  }
  return false;
}

// Does a header's list, of any number of lines, name this token?
bool lists(const Request& request, std::string_view name, std::string_view token) {
  return std::ranges::any_of(request.headers, [&](const auto& line) {
    return line.first == name && line_lists(line.second, token);
  });
}

std::optional<Problem> check_handshake(const Request& request) {
  if (!lists(request, "upgrade", "websocket") || !lists(request, "connection", "upgrade")) {
    return make_problem("upgrade_required", "This path speaks WebSocket.");
  }
  const std::string* version = request.header("sec-websocket-version");
  if (version == nullptr || *version != "13") {
    return make_problem("upgrade_required", "The WebSocket version must be 13.");
  }
  const std::string* key = request.header("sec-websocket-key");
  if (key == nullptr || key->size() != key_length) {
    return make_problem("malformed", "Sec-WebSocket-Key is missing or is no key.");
  }
  const bool names_ours = lists(request, "sec-websocket-protocol", subprotocol);
  if (request.header("sec-websocket-protocol") != nullptr && !names_ours) {
    return make_problem("invalid", "The only subprotocol is lockstep.v1.json.",
                        "Sec-WebSocket-Protocol");
  }
  return std::nullopt;
}

}  // namespace

void make_ticket(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!call.request.body.empty()) {
    return refuse(respond, make_problem("invalid", "A ticket is asked for without a body."));
  }
  const auto ticket = front.tickets.make(call.user, call.now);
  if (!ticket) {
    return refuse(respond, make_problem("too_many", "Too many tickets wait for their use."));
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
    return refuse(respond, make_problem("stopping", "The server is stopping."));
  }
  respond(text_response("ready\n"));
}

void get_metrics(Front& front, Call /*call*/, Respond respond) {
  Response response = text_response(metrics_page(front.metrics, front.counts));
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
  answer.start = [&front, user = call.user](Wire& wire) -> std::unique_ptr<Protocol> {
    auto session = std::make_unique<WsSession>(wire, front, user);
    if (user.get().empty()) session->refuse_user();
    return session;
  };
  respond(std::move(answer));
}

}  // namespace lockstep
