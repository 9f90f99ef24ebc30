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
#include "server/inference/agent_params.h"
#include "server/inference/agent_price.h"
#include "server/inference/limits.h"
#include "server/inference/worker_config.h"

namespace lockstep {
namespace {

constexpr std::array all_settings{
    AgentSetting{"kind", "all", "",
                 "openai, openai-responses, anthropic, demo, push or worker; required"},
    AgentSetting{"base_url", "models", "", "the model server's URL, up to /v1; required"},
    AgentSetting{"model", "all", "", "the model's name; required for models, else only shown"},
    AgentSetting{"system", "all", "", "the system prompt"},
    AgentSetting{"api_key_env", "models", "", "the environment variable with the API key"},
    AgentSetting{"api_key_file", "models", "",
                 "the file with the API key; read again if it changes"},
    AgentSetting{"api_key_header", "models", "", "the header with the key; default: by kind"},
    AgentSetting{"headers", "models", "", "a table: headers of each request"},
    AgentSetting{"header_env", "models", "",
                 "a table: headers whose values are in environment variables"},
    AgentSetting{"query", "models", "", "a table: the query of each request"},
    AgentSetting{"proxy", "models", "",
                 "http://USER:PASSWORD@HOST:PORT, or none; without it: HTTPS_PROXY, NO_PROXY"},
    AgentSetting{"ca_file", "models", "", "PEM file: the only authorities to trust"},
    AgentSetting{"client_certificate_file", "models", "", "PEM file: shown to the server"},
    AgentSetting{"client_key_file", "models", "", "PEM file: the certificate's key"},
    AgentSetting{"params", "all", "", "a table, or a JSON object as text: members of the request"},
    AgentSetting{"tools", "all", "", "tables: the tools that each request offers"},
    AgentSetting{"params_allowed", "all", "",
                 "the parameters that a run may set, or * for all; default: docs/agents.md"},
    AgentSetting{"models", "all", "", "the models that a run may choose besides `model`"},
    AgentSetting{"model_by_params", "models", "false", "true: a run's params may choose any model"},
    AgentSetting{"runs_at_once", "not push, worker", "",
                 "how many runs may ask the model at once; the others wait; without it: no limit"},
    AgentSetting{"ask_before", "all", "",
                 "the tools whose calls a person must approve, or * for all"},
    AgentSetting{"answer_timeout_seconds", "all", "604800",
                 "seconds that a run with `resume` waits for the answers to its calls"},
    AgentSetting{"fallback", "not push, worker", "",
                 "the agent that takes over where this one fails before it shows anything"},
    AgentSetting{"price", "all", "",
                 "a table for the totals of usage: input, output, cached_input (of a million "
                 "tokens), currency"},
    AgentSetting{"takes_images", "all", "", "tells fronts if its models see images"},
    AgentSetting{"takes_files", "openai", "",
                 "files besides images that the server takes: pdf, sound; default: by server"},
    AgentSetting{"send_names", "models", "true", "true: send the authors of messages"},
    AgentSetting{"join_roles", "openai, openai-responses", "true",
                 "true: join neighbours of one role"},
    AgentSetting{"prefill", "openai, anthropic", "false",
                 "true: the server continues a last turn by itself"},
    AgentSetting{"reasoning", "openai, openai-responses", "",
                 "earlier reasoning goes back: never, with_calls or always; default: by server"},
    AgentSetting{"reasoning_field", "openai", "",
                 "the member of a message for it; default: by server"},
    AgentSetting{"context_tokens", "models", "",
                 "tokens of request and answer that the model takes; without it: no limit"},
    AgentSetting{"when_too_long", "models", "refuse",
                 "a longer request: refuse, drop_oldest (turns are left out) or summarise"},
    AgentSetting{"think_tags", "openai", "off",
                 "reasoning in <think> tags: off, on, or open (only </think> comes)"},
    AgentSetting{"send_usage", "openai", "true", "true: ask for token counts"},
    AgentSetting{"cache", "anthropic", "true", "true: mark what the provider may keep"},
    AgentSetting{"connect_timeout_seconds", "models", "10", "seconds to connect"},
    AgentSetting{"first_token_timeout_seconds", "models", "600",
                 "seconds of silence before the first token"},
    AgentSetting{"token_timeout_seconds", "models", "600", "seconds of silence between two tokens"},
    AgentSetting{"keepalive_timeout_seconds", "models", "900",
                 "seconds with comments only, without a chunk"},
    AgentSetting{"rate", "demo", "40", "tokens a second"},
    AgentSetting{"silence_timeout_seconds", "push", "600", "seconds the writer may be silent"},
    AgentSetting{"claim_seconds", "worker", "600", "seconds until a worker must claim a run"},
    AgentSetting{"on_worker_lost", "worker", "retry",
                 "a run whose worker is lost: retry (can be claimed again) or interrupt"},
    AgentSetting{"max_attempts", "worker", "3", "how often one run may be claimed"},
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

// One of some words: `value_of` gives nothing for another one.
template <class To, class ValueOf>
Complaint take_word(const Field& field, To& to, ValueOf value_of, const char* wrong) {
  std::string word;
  Complaint complaint = take(field, word);
  if (!complaint.empty()) return complaint;
  const auto value = value_of(word);
  if (!value) return wrong;
  to = *value;
  return {};
}

Complaint take(const Field& field, AgentKind& to) {
  return take_word(field, to, agent_kind,
                   "must be openai, openai-responses, anthropic, demo, push or worker");
}

Complaint take(const Field& field, std::optional<ReasoningBack>& to) {
  return take_word(field, to, reasoning_back, "must be never, with_calls or always");
}

Complaint take(const Field& field, std::optional<WhenTooLong>& to) {
  return take_word(field, to, when_too_long, "must be refuse, drop_oldest or summarise");
}

Complaint take(const Field& field, ThinkTags& to) {
  return take_word(field, to, think_tags, "must be off, on or open");
}

// A count of tokens.
Complaint take(const Field& field, std::optional<std::uint64_t>& to) {
  const auto* tokens = std::get_if<std::int64_t>(&field);
  constexpr auto most = static_cast<std::int64_t>(limits::context_tokens_max);
  if (!tokens || *tokens < 1 || *tokens > most) {
    return "must be a whole number from 1 to " + std::to_string(most);
  }
  to = static_cast<std::uint64_t>(*tokens);
  return {};
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

Complaint take(const Field& field, Texts& to) {
  const auto* texts = std::get_if<Texts>(&field);
  if (!texts) return "must be a table of texts";
  to = *texts;
  return {};
}

using Taken = std::optional<Complaint>;  // nullopt: the setting is another one

Taken take_reach(std::string_view name, const Field& field, AgentConfig& config) {
  if (name == "base_url") return take(field, config.base_url);
  if (name == "api_key_env") return take(field, config.api_key_env);
  if (name == "api_key_file") return take(field, config.api_key_file);
  if (name == "api_key_header") return take(field, config.api_key_header);
  if (name == "headers") return take(field, config.headers);
  if (name == "header_env") return take(field, config.header_env);
  if (name == "query") return take(field, config.query);
  if (name == "proxy") return take(field, config.proxy);
  if (name == "ca_file") return take(field, config.ca_file);
  if (name == "client_certificate_file") return take(field, config.client_certificate_file);
  if (name == "client_key_file") return take(field, config.client_key_file);
  if (name == "connect_timeout_seconds") return take(field, config.connect_timeout);
  if (name == "first_token_timeout_seconds") return take(field, config.first_token_timeout);
  if (name == "token_timeout_seconds") return take(field, config.token_timeout);
  if (name == "keepalive_timeout_seconds") return take(field, config.keepalive_timeout);
  return {};
}

Complaint take_field(std::string_view name, const Field& field, AgentConfig& config) {
  const bool known =
      std::ranges::find(all_settings, name, &AgentSetting::name) != all_settings.end();
  if (!known) return "is not a known setting: check its name";
  if (const Taken taken = take_reach(name, field, config)) return *taken;
  if (const Taken taken = take_params(name, field, config)) return *taken;
  if (const Taken taken = take_worker(name, field, config.worker)) return *taken;
  if (name == "price") return take_price(field, config.price);
  if (name == "kind") return take(field, config.kind);
  if (name == "model") return take(field, config.model);
  if (name == "system") return take(field, config.system);
  if (name == "model_by_params") return take(field, config.model_by_params);
  if (name == "send_names") return take(field, config.send_names);
  if (name == "join_roles") return take(field, config.join_roles);
  if (name == "prefill") return take(field, config.prefill);
  if (name == "reasoning") return take(field, config.reasoning);
  if (name == "reasoning_field") return take(field, config.reasoning_field);
  if (name == "context_tokens") return take(field, config.context_tokens);
  if (name == "when_too_long") return take(field, config.when_too_long);
  if (name == "think_tags") return take(field, config.think_tags);
  if (name == "cache") return take(field, config.cache);
  if (name == "send_usage") return take(field, config.send_usage);
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
  const Complaint together = fault_of_params(config);
  if (!together.empty()) return fail(Kind::rejected, codes::invalid, together);
  return config;
}

}  // namespace lockstep
