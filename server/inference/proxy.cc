// SPDX-License-Identifier: Apache-2.0
#include "server/inference/proxy.h"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url.hpp>
#include <cstdlib>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"

namespace lockstep {

namespace ip = boost::asio::ip;
using boost::system::error_code;

namespace {

std::string variable(const char* small, const char* large) {
  for (const char* name : {small, large}) {
    const char* value = std::getenv(name);
    if (value && *value != '\0') return value;
  }
  return {};
}

// --- NO_PROXY ------------------------------------------------------------------------------------

bool is_in_range(std::string_view range, const ip::address& address) {
  error_code error;
  if (address.is_v4()) {
    const auto network = ip::make_network_v4(range, error);
    if (error) return false;
    return ip::network_v4(address.to_v4(), network.prefix_length()).canonical() ==
           network.canonical();
  }
  const auto network = ip::make_network_v6(std::string(range), error);
  if (error) return false;
  return ip::network_v6(address.to_v6(), network.prefix_length()).canonical() ==
         network.canonical();
}

// Takes the port off an entry: `host:port`, `[address]:port`.
std::string_view port_of(std::string_view& entry) {
  const std::size_t colon = entry.rfind(':');
  const bool is_bare_v6 = std::ranges::count(entry, ':') > 1 && !entry.starts_with('[');
  std::string_view port;
  if (colon != std::string_view::npos && !is_bare_v6 && !entry.ends_with(']')) {
    port = entry.substr(colon + 1);
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  return port;
}

bool names(std::string_view entry, const Endpoint& server, const std::string& host) {
  if (entry == "*") return true;
  error_code no_address;
  const ip::address address = ip::make_address(host, no_address);
  if (entry.contains('/')) return !no_address && is_in_range(entry, address);
  const std::string_view port = port_of(entry);
  if (!port.empty() && port != server.port) return false;
  if (!no_address) {
    error_code error;
    const ip::address named = ip::make_address(entry, error);
    return !error && named == address;
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

}  // namespace

bool needs_no_proxy(std::string_view none, const Endpoint& server) {
  constexpr std::string_view between = ", \t";
  const std::string list = ascii_lower(none);
  std::string host = ascii_lower(server.host);
  if (host.ends_with('.')) host.pop_back();
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find_first_of(between));
    if (!entry.empty() && names(entry, server, host)) return true;
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
  }
  return false;
}

// --- A proxy's URL -------------------------------------------------------------------------------

Result<Proxy> parse_proxy(std::string_view url, const std::string& setting) {
  const std::string whole = url.contains("://") ? std::string(url) : "http://" + std::string(url);
  const auto wrong = [&](const std::string& what) {
    return fail(Kind::rejected, codes::invalid, setting + " " + what + ": " + without_secrets(url));
  };
  const auto parsed = boost::urls::parse_uri(whole);
  if (!parsed || parsed->host().empty()) return wrong("must be `http://host:port` or `none`");
  if (parsed->scheme() != "http") {
    return wrong("must begin with http://: the server reaches no proxy of another kind");
  }
  if (parsed->encoded_path().size() > 1 || parsed->has_query() || parsed->has_fragment()) {
    return wrong("must end with the proxy's port");
  }
  const std::string user = parsed->user();
  const std::string password = parsed->password();
  // RFC 7617: neither may hold control characters, nor the user a colon.
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (user.contains(':') || std::ranges::any_of(user + password, is_control)) {
    return wrong("has a user or a password with a character that can't be sent");
  }
  return Proxy{.host = std::string(parsed->host_address()),
               .port = parsed->port().empty() ? "80" : std::string(parsed->port()),
               .user = user,
               .password = password};
}

std::string basic_credentials(const Proxy& proxy) {
  if (proxy.user.empty() && proxy.password.empty()) return {};
  const std::string plain = proxy.user + ":" + proxy.password;
  std::string encoded(4 * ((plain.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(plain.data()),
                                   static_cast<int>(plain.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

// --- The environment -----------------------------------------------------------------------------

ProxyVariables ProxyVariables::of_environment() {
  return {.https = variable("https_proxy", "HTTPS_PROXY"),
          .http = variable("http_proxy", "HTTP_PROXY"),
          .none = variable("no_proxy", "NO_PROXY")};
}

Result<std::optional<Proxy>> proxy_of(const ProxyVariables& variables, const Endpoint& server) {
  const std::string& url = server.tls ? variables.https : variables.http;
  if (url.empty() || is_this_machine(server.host) || needs_no_proxy(variables.none, server)) {
    return std::optional<Proxy>();
  }
  auto proxy = parse_proxy(url, server.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy) return std::optional(std::move(*proxy));
  return fail(proxy.error().kind, codes::invalid,
              proxy.error().detail + "; correct it, or set `proxy` for the agent");
}

}  // namespace lockstep
