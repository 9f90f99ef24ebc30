// SPDX-License-Identifier: Apache-2.0
#include "server/net/client_address.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "server/net/http_message.h"
#include "server/net/http_rules.h"
#include "server/net/trimmed.h"

namespace lockstep {
namespace {

// `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
std::optional<AddressBytes> parse_node(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
    return parse_address(text.substr(1, end - 1));
  }
  // A single colon precedes a port; an IPv6 address has more than one.
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return parse_address(text);
}

// Splits at `separator`, but not inside quotes.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == separator && !quoted) {
      parts.push_back(trimmed(text.substr(begin, at - begin)));
      begin = at + 1;
    }
  }
  parts.push_back(trimmed(text.substr(std::min(begin, text.size()))));
  return parts;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

// The `for` of an element of `Forwarded`; empty if it has none.
std::string node_of(std::string_view element) {
  for (const std::string_view pair : split(element, ';')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !is_same(trimmed(pair.substr(0, equals)), "for")) {
      continue;
    }
    return unquoted(trimmed(pair.substr(equals + 1)));
  }
  return {};
}

// The addresses that proxies wrote, the nearest proxy's last.
std::vector<std::string> chain_of(const Request& request) {
  std::vector<std::string> chain;
  const bool standard = request.count("forwarded") > 0;
  for (const auto& [name, value] : request.headers) {
    if (name != (standard ? "forwarded" : "x-forwarded-for")) continue;
    for (const std::string_view element : split(value, ',')) {
      chain.push_back(standard ? node_of(element) : std::string(element));
    }
  }
  return chain;
}

}  // namespace

bool is_trusted(const std::string& peer, const std::vector<AddressRange>& trusted) {
  if (trusted.empty()) return false;
  const auto address = parse_address(peer);
  return address && is_in(*address, trusted);
}

std::string client_address(const std::string& peer, const Request& request,
                           const std::vector<AddressRange>& trusted) {
  if (!is_trusted(peer, trusted)) return peer;
  std::optional<AddressBytes> address = parse_address(peer);
  const std::vector<std::string> chain = chain_of(request);
  for (auto said = chain.rbegin(); said != chain.rend() && is_in(*address, trusted); ++said) {
    const auto next = parse_node(*said);
    if (!next) return std::string(unnamed_client);
    address = next;
  }
  return to_text(*address);
}

}  // namespace lockstep
