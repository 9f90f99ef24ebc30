// SPDX-License-Identifier: Apache-2.0
#include "server/base/origins.h"

#include <algorithm>

#include "engine/base/ascii.h"

namespace lockstep {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scheme(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.';
  });
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text) {
  const bool six = text.starts_with('[') && text.ends_with(']');
  if (six) text = text.substr(1, text.size() - 2);
  return !text.empty() && std::ranges::all_of(text, [six](char c) {
    if (is_digit(c) || (c >= 'a' && c <= 'z') || c == '.') return true;
    return six ? c == ':' : c == '-' || c == '_';
  });
}

}  // namespace

std::optional<std::string> normal_origin(std::string_view text) {
  std::string origin = ascii_lower(text);
  while (origin.ends_with('/')) origin.pop_back();
  const std::size_t colon = origin.find("://");
  if (colon == std::string::npos || !is_scheme(std::string_view(origin).substr(0, colon))) {
    return {};
  }
  const std::string scheme = origin.substr(0, colon);
  std::string host = origin.substr(colon + 3);
  const std::size_t end = host.find_last_of(":]");
  if (end != std::string::npos && host[end] == ':') {
    const std::string port = host.substr(end + 1);
    constexpr std::size_t digits_max = 5;
    if (port.empty() || port.size() > digits_max || !std::ranges::all_of(port, is_digit)) return {};
    host.resize(end);
    const bool usual = (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
    if (!is_host(host)) return {};
    return scheme + "://" + host + (usual ? "" : ":" + port);
  }
  if (!is_host(host)) return {};
  return scheme + "://" + host;
}

}  // namespace lockstep
