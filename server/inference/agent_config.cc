// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agent_config.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

constexpr std::array all_settings{
    AgentSetting{"kind", "all", "", "openai, demo or push; required"},
    AgentSetting{"base_url", "openai", "", "the model server's URL, up to /v1; required"},
    AgentSetting{"model", "all", "", "the model's name; required for openai, else only shown"},
    AgentSetting{"system", "all", "", "the system prompt"},
    AgentSetting{"api_key_env", "openai", "", "the environment variable with the API key"},
    AgentSetting{"params", "all", "", "a JSON object, as text: members of the request"},
    AgentSetting{"model_by_params", "openai", "false", "true: a run's params may choose the model"},
    AgentSetting{"send_names", "openai", "true", "true: send authors as `name`"},
    AgentSetting{"join_roles", "openai", "true", "true: join neighbours of one role"},
    AgentSetting{"reasoning", "openai", "by server",
                 "send earlier reasoning back: never, with_calls or always"},
    AgentSetting{"reasoning_field", "openai", "by server", "the member for it in a message"},
    AgentSetting{"send_usage", "openai", "true", "true: ask for token counts"},
    AgentSetting{"connect_timeout_seconds", "openai", "10", "seconds to connect"},
    AgentSetting{"first_token_timeout_seconds", "openai", "300", "seconds to the first token"},
    AgentSetting{"token_timeout_seconds", "openai", "60", "seconds between two tokens"},
    AgentSetting{"rate", "demo", "40", "tokens a second"},
    AgentSetting{"silence_timeout_seconds", "push", "600", "seconds the writer may be silent"},
};

using Field = AgentFields::mapped_type;
// The fault of a field; empty if it has none.
using Complaint = std::string;

Complaint take(const Field& field, std::string& to) {
  const auto* text = std::get_if<std::string>(&field);
  if (!text) return "must be a text";
  to = *text;
  return {};
}

Complaint take(const Field& field, bool& to) {
  const auto* flag = std::get_if<bool>(&field);
  if (!flag) return "must be true or false";
  to = *flag;
  return {};
}

Complaint take(const Field& field, double& to) {
  if (const auto* whole = std::get_if<std::int64_t>(&field)) {
    to = static_cast<double>(*whole);
  } else if (const auto* real = std::get_if<double>(&field)) {
    to = *real;
  } else {
    return "must be a number";
  }
  return to > 0 ? "" : "must be above 0";
}

Complaint take(const Field& field, std::chrono::milliseconds& to) {
  double seconds = 0;
  Complaint complaint = take(field, seconds);
  if (!complaint.empty()) return complaint;
  const std::chrono::duration<double> wanted(seconds);
  if (wanted > limits::timeout_max) return "must be at most a day (86400)";
  to = std::max(std::chrono::milliseconds(1),
                std::chrono::duration_cast<std::chrono::milliseconds>(wanted));
  return {};
}

Complaint take(const Field& field, AgentKind& to) {
  std::string name;
  Complaint complaint = take(field, name);
  if (!complaint.empty()) return complaint;
  const std::optional<AgentKind> kind = agent_kind(name);
  if (!kind) return "must be openai, demo or push";
  to = *kind;
  return {};
}

Complaint take(const Field& field, std::optional<ReasoningBack>& to) {
  std::string name;
  Complaint complaint = take(field, name);
  if (!complaint.empty()) return complaint;
  to = reasoning_back(name);
  return to ? "" : "must be never, with_calls or always";
}

// The name of a member of a message, which no other member has.
Complaint take(const Field& field, std::optional<std::string>& to) {
  std::string name;
  Complaint complaint = take(field, name);
  if (!complaint.empty()) return complaint;
  const bool taken = name == "role" || name == "content" || name == "name" || name == "tool_calls";
  if (name.empty() || taken) return "must be the name of a member for reasoning alone";
  to = std::move(name);
  return {};
}

Complaint take(const Field& field, std::optional<Json>& to) {
  std::string text;
  Complaint complaint = take(field, text);
  if (complaint.empty()) to = Json{std::move(text)};
  return complaint;
}

Complaint take_field(std::string_view name, const Field& field, AgentConfig& config) {
  const bool known =
      std::ranges::find(all_settings, name, &AgentSetting::name) != all_settings.end();
  if (!known) return "is not a known setting: check its name";
  if (name == "kind") return take(field, config.kind);
  if (name == "base_url") return take(field, config.base_url);
  if (name == "model") return take(field, config.model);
  if (name == "system") return take(field, config.system);
  if (name == "api_key_env") return take(field, config.api_key_env);
  if (name == "params") return take(field, config.params);
  if (name == "model_by_params") return take(field, config.model_by_params);
  if (name == "send_names") return take(field, config.send_names);
  if (name == "join_roles") return take(field, config.join_roles);
  if (name == "reasoning") return take(field, config.reasoning);
  if (name == "reasoning_field") return take(field, config.reasoning_field);
  if (name == "send_usage") return take(field, config.send_usage);
  if (name == "connect_timeout_seconds") return take(field, config.connect_timeout);
  if (name == "first_token_timeout_seconds") return take(field, config.first_token_timeout);
  if (name == "token_timeout_seconds") return take(field, config.token_timeout);
  if (name == "silence_timeout_seconds") return take(field, config.silence_timeout);
  if (name == "rate") return take(field, config.rate);
  MUST(false && "take_field reads every setting of the table");
}

}  // namespace

std::span<const AgentSetting> agent_settings() { return all_settings; }

Result<AgentConfig> agent_config(const AgentFields& fields) {
  AgentConfig config;
  if (!fields.contains("kind")) return fail(Kind::rejected, codes::invalid, "kind is missing");
  for (const auto& [name, field] : fields) {
    const Complaint complaint = take_field(name, field, config);
    if (!complaint.empty()) return fail(Kind::rejected, codes::invalid, name + " " + complaint);
  }
  return config;
}

}  // namespace lockstep
