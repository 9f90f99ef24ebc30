// SPDX-License-Identifier: Apache-2.0
// proxy.h: which proxy leads to a server.
//
// An agent's own setting counts first: a proxy, or `none`. Without it the environment counts, as
// for most programs: HTTPS_PROXY for https, HTTP_PROXY for http, and NO_PROXY for what needs none.
// There is no standard for these names. Here both cases of letters count, the small ones first.
//
// NO_PROXY is a list, separated by commas or blanks. An entry is `*` (everything), a name (which
// stands for all names below it too, with or without a dot in front), an address, or a range such
// as 10.0.0.0/8; a name or an address may have a port. This machine itself never needs a proxy,
// unless the agent's own setting names one.
//
// Only proxies that speak HTTP are taken. The user and password of a proxy are secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/inference/endpoint.h"

namespace lockstep {

struct Proxy {
  std::string host;
  std::string port;
  std::string user;      // decoded; empty: the proxy asks for none
  std::string password;  // decoded
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

// `http://user:password@host:port`, or `host:port`. Fails with `invalid`; the text has the name of
// the setting, or of the variable, and no secret.
[[nodiscard]] Result<Proxy> parse_proxy(std::string_view url, const std::string& setting);

// The value of `Proxy-Authorization` (RFC 7617); empty without a user.
[[nodiscard]] std::string basic_credentials(const Proxy& proxy);

struct ProxyVariables {
  std::string https;
  std::string http;
  std::string none;  // NO_PROXY
  [[nodiscard]] static ProxyVariables of_environment();
};

// The proxy for a server by the environment; nullopt: none.
[[nodiscard]] Result<std::optional<Proxy>> proxy_of(const ProxyVariables& variables,
                                                    const Endpoint& server);

// Does NO_PROXY name this server?
[[nodiscard]] bool needs_no_proxy(std::string_view none, const Endpoint& server);

}  // namespace lockstep
