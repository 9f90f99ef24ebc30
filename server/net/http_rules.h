// SPDX-License-Identifier: Apache-2.0
// http_rules.h: the rules of HTTP and WebSocket for a request's header.
//
// Pure: a parsed header in, the refusal out. A proxy and this server must find the same requests in
// the same bytes (else one client can smuggle a request into another's connection). So the server
// refuses an ambiguous header as `malformed` and closes the connection. `check_framing` comes
// first, because it decides where the request ends. Other refusals concern one request, and the
// connection stays open. The sections are those of RFC 9110 and 9112, and of RFC 6455 for the
// handshake.
#pragma once

#include <optional>
#include <string_view>

#include "server/net/http_message.h"

namespace lockstep {

// 9112, 5.2: no line is folded. 6.1 and 6.3: `Transfer-Encoding` is `chunked`, once, in HTTP/1.1,
// without `Content-Length`.
[[nodiscard]] std::optional<Problem> check_framing(const Request& request);

// Single-valued fields (9110, 5.3), one valid Host (9112, 3.2), codings and expectations.
[[nodiscard]] std::optional<Problem> check_fields(const Request& request);

// The opening handshake of a WebSocket (6455, 4.2.1), for this server's subprotocol.
[[nodiscard]] std::optional<Problem> check_handshake(const Request& request);
inline constexpr std::string_view subprotocol = "lockstep.v1.json";

// The host of `HOST` or `HOST:PORT`, which may be empty; `nullopt` for any other text.
[[nodiscard]] std::optional<std::string_view> host_of(std::string_view authority);

// Is the media type of a field, without its parameters, this one? `type`: in lower case.
[[nodiscard]] bool is_media_type(std::string_view field, std::string_view type);

// Does the list in this header, over all its lines, have this token?
[[nodiscard]] bool lists(const Request& request, std::string_view name, std::string_view token);

}  // namespace lockstep
