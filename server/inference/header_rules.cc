// SPDX-License-Identifier: Apache-2.0
#include "server/inference/header_rules.h"

#include <algorithm>
#include <array>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "engine/base/ascii.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 18> of_the_client{"accept",
                                                         "accept-encoding",
                                                         "connection",
                                                         "content-encoding",
                                                         "content-length",
                                                         "content-type",
                                                         "expect",
                                                         "host",
                                                         "keep-alive",
                                                         "proxy-connection",
                                                         "proxy-authorization",
                                                         "proxy-authenticate",
                                                         "te",
                                                         "trailer",
                                                         "transfer-encoding",
                                                         "upgrade",
                                                         "http2-settings",
                                                         "content-range"};

constexpr std::array<std::string_view, 7> of_secrets{
    "authorization", "api-key", "apikey", "cookie", "token", "secret", "password"};

// RFC 9110, section 5.6.2.
bool is_token_character(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || others.contains(c);
}

}  // namespace

std::string fault_of_header_name(std::string_view name) {
  if (name.empty() || !std::ranges::all_of(name, is_token_character)) {
    return "is not the name of a header: use letters, digits and -";
  }
  if (std::ranges::find(of_the_client, ascii_lower(name)) != of_the_client.end()) {
    return "is a header that the server sets itself: leave it out";
  }
  return {};
}

std::string fault_of_header_value(std::string_view value) {
  const auto cannot_go = [](char c) { return (c < ' ' && c != '\t') || c > '~'; };
  if (std::ranges::any_of(value, cannot_go)) {
    return "has a line end, another control character or a character that is not ASCII in its "
           "value: leave it out";
  }
  return {};
}

bool is_same_header(std::string_view one, std::string_view other) {
  return ascii_lower(one) == ascii_lower(other);
}

bool is_secret_header(std::string_view name) {
  const std::string all = ascii_lower(name);
  return std::ranges::any_of(of_secrets,
                             [&all](std::string_view each) { return all.contains(each); });
}

std::string encoded_query(const Texts& query) {
  namespace urls = boost::urls;
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += urls::encode(name, urls::unreserved_chars) + '=';
    text += urls::encode(value, urls::unreserved_chars);
  }
  return text;
}

}  // namespace lockstep
