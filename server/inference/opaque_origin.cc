// SPDX-License-Identifier: Apache-2.0
#include "server/inference/opaque_origin.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/rules/digest.h"
#include "engine/rules/opaque_limits.h"
#include "server/inference/endpoint.h"

namespace lockstep {
namespace {

// Of a hash: enough that two servers of one configuration never share them.
constexpr std::size_t server_digits = 16;

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

}  // namespace

std::string model_family(std::string_view model) {
  const std::size_t slash = model.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const auto end =
      std::find_if_not(model.begin() + static_cast<std::ptrdiff_t>(name), model.end(), is_letter);
  std::string family(model.begin(), end);
  family = ascii_lower(family);
  return family;
}

std::string opaque_origin(std::string_view kind, std::string_view base_url,
                          std::string_view model) {
  Result<Endpoint> endpoint = parse_endpoint(base_url);
  if (!endpoint) return {};
  endpoint->base.clear();
  endpoint->host = ascii_lower(endpoint->host);
  const std::string server = to_hex(sha256(url_of(*endpoint))).substr(0, server_digits);
  std::string origin = std::string(kind) + " " + server + " " + model_family(model);
  origin.resize(std::min(origin.size(), limits::opaque_origin_bytes_max));
  return origin;
}

}  // namespace lockstep
