// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agent_reach.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/inference/header_rules.h"
#include "server/inference/tls.h"

namespace lockstep {
namespace {

std::unexpected<Error> wrong(std::string detail) {
  return fail(Kind::rejected, codes::invalid, std::move(detail));
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

class Making {
 public:
  Making(const std::string& name, const AgentConfig& config,
         const std::shared_ptr<SecretRing>& secrets, std::vector<AgentWarning>& warnings)
      : name_(name), config_(config), warnings_(warnings) {
    reach_.secrets = secrets;
  }

  Result<Reach> make() {
    TRY_LET(endpoint, parse_endpoint(config_.base_url));
    reach_.endpoint = std::move(endpoint);
    TRY(take_key());
    TRY(take_headers());
    TRY(take_query());
    TRY(take_proxy());
    TRY(take_tls());
    return std::move(reach_);
  }

 private:
  void warn(const std::string& event, const std::string& what) {
    warnings_.push_back({event, name_, what});
  }

  // A secret that the redactor can't find in a text is told.
  void keep_secret(const std::string& secret, const std::string& from) {
    if (Redactor::is_too_short(secret)) warn("key_too_short", from);
    reach_.secrets->add(secret);
  }

  Result<void> take_key() {
    const std::string& header = config_.api_key_header;
    if (const std::string fault = header.empty() ? "" : fault_of_header_name(header);
        !fault.empty()) {
      return wrong("`api_key_header` " + fault);
    }
    reach_.key_header = header;
    if (!config_.api_key_env.empty() && !config_.api_key_file.empty()) {
      return wrong("set `api_key_env` or `api_key_file`, not both");
    }
    if (!config_.api_key_env.empty()) return take_key_of_variable();
    if (config_.api_key_file.empty()) return {};
    reach_.key_file = std::make_shared<KeyFile>(config_.api_key_file);
    if (const auto key = reach_.key_file->read()) {
      if (Redactor::is_too_short(*key)) warn("key_too_short", config_.api_key_file);
      reach_.secrets->learn(config_.api_key_file, *key);
    } else {
      warn("key_file_unusable", key.error().detail);
    }
    return {};
  }

  Result<void> take_key_of_variable() {
    reach_.key_variable = config_.api_key_env;
    const auto value = variable(config_.api_key_env);
    if (!value) {
      warn("key_unset", config_.api_key_env);
      return {};
    }
    auto key = usable_key(*value, "the variable " + config_.api_key_env + " of `api_key_env`");
    if (!key) return wrong(key.error().detail);
    keep_secret(*key, config_.api_key_env);
    reach_.key = std::move(*key);
    return {};
  }

  Result<void> take_headers() {
    for (const auto& [header, value] : config_.headers) {
      TRY(take_header("headers", header, value));
      if (is_secret_header(header)) {
        warn("secret_in_file", "headers." + header);
        keep_secret(value, "headers." + header);
      }
    }
    for (const auto& [header, name] : config_.header_env) {
      const auto value = variable(name);
      if (!value) {
        warn("key_unset", name);
        reach_.missing_variable = name;
      }
      TRY(take_header("header_env", header, value.value_or("")));
      if (value) keep_secret(*value, name);
    }
    return {};
  }

  Result<void> take_header(const std::string& table, const std::string& header,
                           const std::string& value) {
    const std::string where = "`" + table + "." + header + "` ";
    if (const std::string fault = fault_of_header_name(header); !fault.empty())
      return wrong(where + fault);
    if (const std::string fault = fault_of_header_value(value); !fault.empty())
      return wrong(where + fault);
    const bool has_key = !config_.api_key_env.empty() || !config_.api_key_file.empty();
    const std::string of_key =
        reach_.key_header.empty() ? std::string("Authorization") : reach_.key_header;
    if (has_key && is_same_header(header, of_key)) {
      return wrong(where + "is the header of the API key: leave out one of the two");
    }
    const auto same = [&header](const auto& each) { return is_same_header(each.first, header); };
    if (std::ranges::any_of(reach_.headers, same))
      return wrong(where + "is there twice: leave out one of the two");
    reach_.headers.emplace_back(header, value);
    return {};
  }

  Result<void> take_query() {
    if (config_.query.contains("")) return wrong("`query` has a member without a name");
    reach_.query = encoded_query(config_.query);
    return {};
  }

  Result<void> take_proxy() {
    if (config_.proxy.empty()) {
      TRY_LET(proxy, proxy_of(ProxyVariables::of_environment(), reach_.endpoint));
      reach_.proxy = std::move(proxy);
    } else if (config_.proxy != "none") {
      TRY_LET(proxy, parse_proxy(config_.proxy, "`proxy`"));
      reach_.proxy = std::move(proxy);
    }
    if (!reach_.proxy || reach_.proxy->password.empty()) return {};
    keep_secret(reach_.proxy->password, "proxy");
    reach_.secrets->add(reach_.proxy->user + ":" + reach_.proxy->password);
    return {};
  }

  Result<void> take_tls() {
    const TlsFiles files{.authorities = config_.ca_file,
                         .certificate = config_.client_certificate_file,
                         .key = config_.client_key_file};
    if (files == TlsFiles()) return {};
    TRY_LET(tls, TlsContext::open(files));
    reach_.tls = std::move(tls);
    return {};
  }

  const std::string& name_;
  const AgentConfig& config_;
  std::vector<AgentWarning>& warnings_;
  Reach reach_;
};

}  // namespace

Result<Reach> reach_of(const std::string& name, const AgentConfig& config,
                       const std::shared_ptr<SecretRing>& secrets,
                       std::vector<AgentWarning>& warnings) {
  return Making(name, config, secrets, warnings).make();
}

}  // namespace lockstep
