// SPDX-License-Identifier: Apache-2.0
#include "server/net/http_rules.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"
#include "server/net/trimmed.h"

namespace lockstep {
namespace {

// Single-valued fields: with two lines, a proxy and this server may use different ones.
constexpr std::array<std::string_view, 8> single_fields{
    "authorization", "content-type",      "host",   "last-event-id",
    "origin",        "sec-websocket-key", "expect", "sec-websocket-version"};

constexpr std::size_t key_length = 24;  // of a handshake: 16 bytes in base 64,
constexpr std::size_t key_digits = 22;  // and two signs of padding

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
bool is_hex(char c) { return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); }

// The items of a field's list, over all its lines, empty ones too.
std::vector<std::string_view> items_of(const Request& request, std::string_view name) {
  std::vector<std::string_view> items;
  for (const auto& [field, value] : request.headers) {
    if (field != name) continue;
    std::string_view rest = value;
    while (true) {
      const std::size_t comma = rest.find(',');
      items.push_back(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return items;
}

// RFC 3986, 3.2.2: the characters of a registered name or an IPv4 address.
bool is_host_name(std::string_view host) {
  return std::ranges::all_of(host, [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view("-._~%!$&'()*+,;=").contains(c);
  });
}

bool is_ip_literal(std::string_view inside) {
  return !inside.empty() &&
         std::ranges::all_of(inside, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

bool is_handshake_key(std::string_view key) {
  return key.size() == key_length && key.substr(key_digits) == "==" &&
         std::ranges::all_of(key.substr(0, key_digits), [](char c) {
           return is_digit(c) || is_letter(c) || c == '+' || c == '/';
         });
}

bool has_body(const Request& request) {
  const std::string* length = request.header("content-length");
  return request.count("transfer-encoding") > 0 ||
         (length != nullptr && length->find_first_not_of('0') != std::string::npos);
}

std::optional<Problem> check_host_field(const Request& request) {
  const std::string* host = request.header("host");
  if (host == nullptr) {
    if (request.is_http_1_0) return std::nullopt;
    return make_problem(codes::malformed, "The Host header is missing: send one.");
  }
  if (host_of(*host)) return std::nullopt;
  return make_problem(codes::malformed, "The Host header must be `HOST` or `HOST:PORT`.");
}

std::optional<Problem> check_expectation(const Request& request) {
  const std::string* expected = request.header("expect");
  // A server ignores the field in HTTP/1.0 (9110, 10.1.1).
  if (expected == nullptr || request.is_http_1_0 || is_same(*expected, "100-continue")) {
    return std::nullopt;
  }
  return make_problem(codes::expectation_failed,
                      "The only Expect that the server supports is `100-continue`.");
}

}  // namespace

bool is_media_type(std::string_view field, std::string_view type) {
  return is_same(trimmed(field.substr(0, field.find(';'))), type);
}

bool lists(const Request& request, std::string_view name, std::string_view token) {
  return std::ranges::any_of(items_of(request, name),
                             [token](std::string_view item) { return is_same(item, token); });
}

std::optional<std::string_view> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || !is_ip_literal(authority.substr(1, end - 1))) {
      return std::nullopt;
    }
    host = authority.substr(0, end + 1);
    port = authority.substr(end + 1);
  } else {
    host = authority.substr(0, authority.find(':'));
    port = authority.substr(host.size());
    if (!is_host_name(host)) return std::nullopt;
  }
  const bool has_port = port.starts_with(':');
  if (has_port) port.remove_prefix(1);
  if (!has_port && !port.empty()) return std::nullopt;
  if (!std::ranges::all_of(port, is_digit)) return std::nullopt;
  return host;
}

std::optional<Problem> check_framing(const Request& request) {
  if (request.is_folded) {
    return make_problem(
        codes::malformed,
        "A line of the header begins with white space: send each field on one line.");
  }
  const std::vector<std::string_view> codings = items_of(request, "transfer-encoding");
  if (codings.empty()) return std::nullopt;
  if (request.is_http_1_0) {
    return make_problem(codes::malformed,
                        "HTTP/1.0 has no Transfer-Encoding: send a Content-Length, or HTTP/1.1.");
  }
  if (request.count("content-length") > 0) {
    return make_problem(codes::malformed,
                        "The request has Content-Length and Transfer-Encoding: send one of them.");
  }
  const auto chunked = [](std::string_view coding) { return is_same(coding, "chunked"); };
  if (!chunked(codings.back()) || std::ranges::count_if(codings, chunked) != 1 ||
      std::ranges::any_of(codings, &std::string_view::empty)) {
    return make_problem(codes::malformed,
                        "Transfer-Encoding must end in one `chunked`, which shows where the "
                        "request ends. Send `chunked` alone, or a Content-Length.");
  }
  if (codings.size() == 1) return std::nullopt;
  return make_problem(codes::not_implemented,
                      "The only Transfer-Encoding that the server reads is `chunked`.");
}

std::optional<Problem> check_fields(const Request& request) {
  for (const std::string_view field : single_fields) {
    if (request.count(field) < 2) continue;
    return make_problem(codes::malformed,
                        "The header `" + std::string(field) + "` is there twice: send it once.");
  }
  if (auto problem = check_host_field(request)) return problem;
  for (const std::string_view coding : items_of(request, "content-encoding")) {
    if (coding.empty() || is_same(coding, "identity")) continue;
    return make_problem(codes::unsupported_media_type,
                        "The server reads no Content-Encoding: send the body as plain JSON.");
  }
  return check_expectation(request);
}

std::optional<Problem> check_handshake(const Request& request) {
  if (!lists(request, "upgrade", "websocket") || !lists(request, "connection", "upgrade")) {
    return make_problem(codes::upgrade_required, "This path needs a WebSocket handshake.");
  }
  if (request.is_http_1_0) {
    return make_problem(codes::upgrade_required, "A WebSocket handshake needs HTTP/1.1.");
  }
  const std::string* version = request.header("sec-websocket-version");
  if (version == nullptr || *version != "13") {
    return make_problem(codes::upgrade_required, "The WebSocket version must be 13.");
  }
  const std::string* key = request.header("sec-websocket-key");
  if (key == nullptr || !is_handshake_key(*key)) {
    return make_problem(codes::malformed, "Sec-WebSocket-Key must be 16 bytes in base 64.");
  }
  if (has_body(request)) {
    return make_problem(codes::malformed, "A WebSocket handshake must not have a body.");
  }
  const bool names_ours = lists(request, "sec-websocket-protocol", subprotocol);
  if (request.header("sec-websocket-protocol") != nullptr && !names_ours) {
    return make_problem(codes::invalid, "The only subprotocol is lockstep.v1.json.",
                        "Sec-WebSocket-Protocol");
  }
  return std::nullopt;
}

}  // namespace lockstep
