// SPDX-License-Identifier: Apache-2.0
// endpoint.h: where a server is, as a URL of the configuration says.
//
// A URL in a setting names a place and nothing else: what is sent there (headers, query, key) has
// settings of its own. Texts about a URL never quote a user, a password or a query, which may be
// secrets that someone put there.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace lockstep {

// Where a server is: `https://host:port/base`.
struct Endpoint {
  bool tls = false;
  std::string host;
  std::string port;
  std::string base;  // the beginning of the path, without a slash at its end
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
// Fails with `invalid`, and a text that names the setting `base_url`.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view url);

// `host:port`, with brackets around an IPv6 address.
[[nodiscard]] std::string authority(std::string_view host, std::string_view port);
// The same without a port that the scheme implies, as the header `Host` has it.
[[nodiscard]] std::string host_header(const Endpoint& endpoint);
// `https://host:port/base`
[[nodiscard]] std::string url_of(const Endpoint& endpoint);

// Is this name or address this machine itself: `localhost`, 127.0.0.0/8, `::1`?
[[nodiscard]] bool is_this_machine(std::string_view host);
[[nodiscard]] bool is_ip_address(std::string_view host);

// The URL for a text, without a user, a password or a query.
[[nodiscard]] std::string without_secrets(std::string_view url);

}  // namespace lockstep
