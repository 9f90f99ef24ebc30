// SPDX-License-Identifier: Apache-2.0
#include "server/inference/endpoint.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url.hpp>

#include "engine/base/codes.h"

namespace lockstep {
namespace {

// Providers' manuals show the whole address, and people copy it.
constexpr std::string_view chat_path = "/chat/completions";

constexpr std::string_view usual_port(bool tls) { return tls ? "443" : "80"; }

std::unexpected<Error> wrong(const std::string& what, std::string_view url) {
  return fail(Kind::rejected, codes::invalid, "`base_url` " + what + ": " + without_secrets(url));
}

}  // namespace

std::string without_secrets(std::string_view url) {
  std::string shown(url);
  const std::size_t scheme = shown.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  // A password may hold any character, also those that end a host or a path.
  if (shown.find('@', start) != std::string::npos)
    return shown.replace(start, shown.size(), "[secret]");
  const std::size_t query = shown.find_first_of("?#");
  if (query != std::string::npos) shown.replace(query + 1, std::string::npos, "[secret]");
  return shown;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(url.data(), url.size()));
  if (!parsed) return wrong("must be an absolute URL", url);
  const bool tls = parsed->scheme() == "https";
  if (!tls && parsed->scheme() != "http") return wrong("must begin with http:// or https://", url);
  if (parsed->has_query()) {
    return wrong("must have no query: put it into the agent's table `query`", url);
  }
  if (parsed->has_userinfo()) {
    return wrong("must have no user: put a key into `api_key_env`, or a header into `header_env`",
                 url);
  }
  if (parsed->host().empty() || parsed->has_fragment()) {
    return wrong("must have a host, and no fragment", url);
  }
  Endpoint endpoint;
  endpoint.tls = tls;
  endpoint.host = std::string(parsed->host_address());
  endpoint.port =
      parsed->port().empty() ? std::string(usual_port(tls)) : std::string(parsed->port());
  endpoint.base = std::string(parsed->encoded_path());
  while (endpoint.base.ends_with('/')) endpoint.base.pop_back();
  if (endpoint.base.ends_with(chat_path)) {
    return wrong("must end before `" + std::string(chat_path) + "`, which is added to it", url);
  }
  return endpoint;
}

std::string authority(std::string_view host, std::string_view port) {
  const bool literal_v6 = host.contains(':');
  std::string text = literal_v6 ? "[" + std::string(host) + "]" : std::string(host);
  if (!port.empty()) text += ":" + std::string(port);
  return text;
}

std::string host_header(const Endpoint& endpoint) {
  return authority(endpoint.host, endpoint.port == usual_port(endpoint.tls) ? "" : endpoint.port);
}

std::string url_of(const Endpoint& endpoint) {
  return (endpoint.tls ? "https://" : "http://") + host_header(endpoint) + endpoint.base;
}

bool is_ip_address(std::string_view host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

bool is_this_machine(std::string_view host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) return address.is_loopback();
  return host == "localhost" || host.ends_with(".localhost");
}

}  // namespace lockstep
