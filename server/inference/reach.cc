// SPDX-License-Identifier: Apache-2.0
#include "server/inference/reach.h"

#include <iterator>

#include "engine/base/codes.h"

namespace lockstep {

const Redactor& Reach::present_redactor() const { return secrets ? secrets->redactor() : redactor; }

Result<std::optional<std::string>> present_key(const Reach& reach) {
  if (!reach.missing_variable.empty()) {
    return fail(Kind::rejected, codes::missing_key,
                "A header of the agent has no value: set the environment variable " +
                    reach.missing_variable + ", and start the server again.");
  }
  if (reach.key_file) {
    auto key = reach.key_file->read();
    if (!key) return fail(key.error().kind, codes::missing_key, key.error().detail + ".");
    if (reach.secrets) reach.secrets->learn(reach.key_file->path(), *key);
    return std::optional(std::move(*key));
  }
  if (!reach.key_variable.empty() && !reach.key) {
    return fail(Kind::rejected, codes::missing_key,
                "The agent's API key is not set: set the environment variable " +
                    reach.key_variable + ", and start the server again.");
  }
  return reach.key;
}

HttpRequest request_of(const Reach& reach, const std::optional<std::string>& key,
                       HttpRequest request, std::string_view key_header) {
  request.endpoint = reach.endpoint;
  request.query = reach.query;
  request.proxy = reach.proxy;
  if (!reach.key_header.empty()) key_header = reach.key_header;
  if (key && key_header.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + *key);
  } else if (key) {
    request.headers.emplace_back(key_header, *key);
  }
  std::ranges::copy(reach.headers, std::back_inserter(request.headers));
  return request;
}

}  // namespace lockstep
