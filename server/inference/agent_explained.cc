// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agent_explained.h"

#include <memory>
#include <utility>

#include "engine/base/try.h"
#include "server/inference/agent_price.h"
#include "server/inference/agent_reach.h"
#include "server/inference/anthropic_agent.h"
#include "server/inference/deadline_text.h"
#include "server/inference/param_rules.h"
#include "server/inference/provider_rules.h"
#include "server/inference/worker_config.h"

namespace lockstep {
namespace {

std::string names_of(const Texts& texts, const std::string& mark) {
  std::string names;
  for (const auto& [name, value] : texts) names += (names.empty() ? "" : ", ") + name + mark;
  return names;
}

std::string key_of(const AgentConfig& config, const Reach& reach) {
  std::string text = "none";
  if (!config.api_key_env.empty()) {
    text = "the variable " + config.api_key_env + (reach.key ? ", set" : ", NOT SET");
  } else if (reach.key_file) {
    text = "the file " + config.api_key_file + (reach.key_file->read() ? ", good" : ", NOT USABLE");
  }
  if (text == "none") return text;
  std::string header = reach.key_header;
  if (header.empty() && config.kind == AgentKind::anthropic) header = anthropic_key_header;
  return text + "; sent as `" + (header.empty() ? "Authorization: Bearer" : header) + "`";
}

std::string path_of(const AgentConfig& config, const Reach& reach) {
  if (config.kind == AgentKind::anthropic) return messages_path(reach.endpoint);
  return config.kind == AgentKind::openai_responses ? "/responses" : "/chat/completions";
}

std::string proxy_of(const AgentConfig& config, const Reach& reach) {
  if (!reach.proxy) return config.proxy == "none" ? "none, as `proxy` says" : "none";
  return "http://" + authority(reach.proxy->host, reach.proxy->port) +
         (reach.proxy->user.empty() ? "" : ", with a user") +
         (config.proxy.empty() ? ", from the environment" : ", from `proxy`");
}

std::string times_of(const AgentConfig& config) {
  return "connect " + seconds_text(config.connect_timeout) + ", first token " +
         seconds_text(config.first_token_timeout) + ", between tokens " +
         seconds_text(config.token_timeout) + ", comments only " +
         seconds_text(config.keepalive_timeout);
}

std::string context_of(const AgentConfig& config) {
  if (!config.context_tokens) return "";
  const WhenTooLong when = config.when_too_long.value_or(WhenTooLong::refuse);
  return std::to_string(*config.context_tokens) + " tokens; a longer request: " +
         (when == WhenTooLong::refuse        ? "refused"
          : when == WhenTooLong::drop_oldest ? "without its oldest turns"
                                             : "from its last summary on");
}

std::string tags_of(ThinkTags tags) {
  switch (tags) {
    case ThinkTags::off:
      return "";
    case ThinkTags::on:
      return "<think> before an answer is reasoning";
    case ThinkTags::open:
      return "an answer is reasoning up to </think>";
  }
  std::unreachable();
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string choice_of(const ParamRules& rules) {
  if (rules.any_model) return "any";
  return rules.models.empty() ? "" : list_of(rules.models);
}

std::string tokens_of(const ParamRules& rules) {
  return rules.tokens_max ? ", at most " + std::to_string(*rules.tokens_max) + " tokens" : "";
}

// The files that the server takes besides images: by the setting, else by its host.
std::string files_of(const AgentConfig& config, const Reach& reach) {
  if (config.kind != AgentKind::openai) return "";
  const bool set = config.takes_files.has_value();
  const std::vector<std::string> files =
      set ? *config.takes_files : files_rule(reach.endpoint.host);
  return (files.empty() ? "none besides images" : list_of(files)) +
         std::string(set ? ", as `takes_files` says" : ", by the server's name");
}

// What a run may ask for, and how many may ask at once.
void explain_runs(const AgentConfig& config, Explanation& said) {
  const ParamRules rules = param_rules(config);
  const std::string choice = choice_of(rules);
  if (!choice.empty()) said.emplace_back("models", "a run may choose: " + choice);
  const std::string set = rules.any ? "any" : list_of(rules.allowed) + tokens_of(rules);
  said.emplace_back("params", "a run may set: " + set);
  if (config.runs_at_once) {
    said.emplace_back("slots", std::to_string(*config.runs_at_once) + " runs at once; more wait");
  }
  const CallRules& calls = config.calls;
  if (!calls.ask_before.empty()) {
    const std::string tools = calls.asks_before("*") ? "all tools" : list_of(calls.ask_before);
    said.emplace_back("asks", "a person must approve calls of: " + tools);
  }
  if (calls.fallback) {
    said.emplace_back("fallback", calls.fallback->get() + ", if it fails before it shows anything");
  }
  if (config.kind == AgentKind::worker) said.emplace_back("worker", worker_text(config.worker));
  if (config.price) said.emplace_back("price", price_text(*config.price));
}

void explain_reach(const AgentConfig& config, const Reach& reach, Explanation& said) {
  const auto say = [&said](const std::string& what, const std::string& value) {
    if (!value.empty()) said.emplace_back(what, value);
  };
  say("server", url_of(reach.endpoint) + path_of(config, reach));
  say("query", names_of(config.query, ""));
  say("proxy", proxy_of(config, reach));
  say("key", key_of(config, reach));
  std::string headers = names_of(config.headers, "");
  for (const auto& [header, variable] : config.header_env) {
    headers += (headers.empty() ? "" : ", ") + header + " (the variable " + variable + ")";
  }
  say("headers", headers);
  if (reach.endpoint.tls) {
    say("trusts", config.ca_file.empty() ? "the system's authorities"
                                         : "the authorities in " + config.ca_file + " only");
    say("shows", config.client_certificate_file);
  }
  say("times", times_of(config));
  say("context", context_of(config));
  say("files", files_of(config, reach));
  say("thinking", tags_of(config.think_tags));
  if (config.reasoning) {
    say("thoughts", "of earlier answers go back: " + std::string(name_of(*config.reasoning)));
  }
  if (config.prefill) say("prefill", "a continued answer is the last turn of its request");
}

}  // namespace

Result<Explanation> explain(const std::string& name, const AgentConfig& config) {
  Explanation said;
  if (!config.model.empty()) said.emplace_back("model", config.model);
  if (!asks_a_model(config.kind)) {
    explain_runs(config, said);
    return said;
  }
  const auto secrets = std::make_shared<SecretRing>();
  std::vector<AgentWarning> told_elsewhere;
  TRY_LET(reach, reach_of(name, config, secrets, told_elsewhere));
  explain_reach(config, reach, said);
  explain_runs(config, said);
  return said;
}

}  // namespace lockstep
