// SPDX-License-Identifier: Apache-2.0
// reach.h: how the requests of an agent reach its server.
//
// Every agent that asks a model server over HTTP has one of these, whatever it says there: the
// server's address, the way to it, the headers and the query of the configuration, and the key.
// Nothing of it is part of a run's settings, so no front sees it, and all its secrets are in the
// ring, so that no error text has them.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "server/inference/http_client.h"
#include "server/inference/keys.h"
#include "server/inference/redactor.h"

namespace lockstep {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reach {
  Endpoint endpoint;
  std::optional<Proxy> proxy;
  std::shared_ptr<TlsContext> tls;  // null: the system's authorities
  std::string query;                // encoded, without `?`
  Headers headers;                  // of the configuration
  std::string missing_variable;     // of a header; empty: all are set

  std::string key_variable;        // of the environment; empty: the key is not in a variable
  std::optional<std::string> key;  // from the variable
  std::shared_ptr<KeyFile> key_file;
  std::string key_header;  // empty: as the kind of agent sends it

  std::shared_ptr<SecretRing> secrets;
  Redactor redactor;  // if there is no ring

  // The redactor that knows all secrets so far.
  [[nodiscard]] const Redactor& present_redactor() const;
};

// The key for a run that begins now; nullopt: the server needs none. Fails with `missing_key` and
// what to do.
[[nodiscard]] Result<std::optional<std::string>> present_key(const Reach& reach);

// `request`: the path, the body, and the headers that the kind of agent sends; those of the
// configuration replace them. `key_header`: the kind's, if the configuration names none; empty:
// `Authorization: Bearer KEY`.
[[nodiscard]] HttpRequest request_of(const Reach& reach, const std::optional<std::string>& key,
                                     HttpRequest request, std::string_view key_header = {});

}  // namespace lockstep
