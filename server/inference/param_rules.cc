// SPDX-License-Identifier: Apache-2.0
#include "server/inference/param_rules.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "schema/json/json_members.h"
#include "schema/json/json_reader.h"
#include "server/inference/agents.h"
#include "server/inference/limits.h"
#include "server/inference/settings.h"
#include "server/inference/summary.h"

namespace lockstep {
namespace {

bool has(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

// A text of a caller, for a sentence.
std::string shown(std::string_view text) {
  if (text.size() > limits::param_shown_bytes_max) return "(a long text)";
  return "`" + std::string(text) + "`";
}

std::optional<std::string> text_of(const JsonMember& member) {
  const auto read = read_json(member.value, unbounded_json(limits::json_depth_max));
  if (!read || !read->root().is_string()) return {};
  return std::string(read->root().text());
}

std::optional<std::string> wrong_model(const ParamRules& rules, const std::string& agent,
                                       const JsonMember& member) {
  const bool told =
      !rules.models.empty() || !rules.any;  // else the server leaves it out, and says so
  if (member.value == "null" || rules.any_model || !told) return {};
  const auto model = text_of(member);
  if (!model) return "params.model must be a text: the name of a model";
  if (*model == rules.model || has(rules.models, *model)) return {};
  std::vector<std::string> known = rules.models;
  if (!rules.model.empty()) known.insert(known.begin(), rules.model);
  return "params.model is " + shown(*model) + ", and agent " + agent +
         " takes only these models: " + listed(known);
}

std::optional<std::string> wrong_summarise(const ParamRules& rules, const std::string& agent,
                                           const JsonMember& member) {
  if (!rules.summarises) {
    return "params has `summarise`, and agent " + agent +
           " makes no summaries: leave it out, or ask the operator to set when_too_long to "
           "summarise";
  }
  if (member.value == "true" || member.value == "false") return {};
  return "params.summarise must be true or false";
}

std::optional<std::string> not_allowed(const ParamRules& rules, const std::string& agent,
                                       const JsonMember& member) {
  if (member.key == summarise_param) return wrong_summarise(rules, agent, member);
  if (has(rules.allowed, member.key)) return {};
  return "params has " + shown(member.key) + ", which agent " + agent +
         " does not take: leave it out, or ask the operator to add it to params_allowed "
         "(allowed: " +
         listed(rules.allowed) + ")";
}

std::optional<std::string> too_many_tokens(const ParamRules& rules, const std::string& agent,
                                           const std::vector<JsonMember>& params) {
  if (rules.any) return {};
  const std::string most = rules.tokens_max ? std::to_string(*rules.tokens_max) : "";
  std::vector<std::string> limited = rules.tokens_named;  // the members that limit the request
  std::string removed;
  std::string asked;
  for (const JsonMember& member : params) {
    if (!has(token_limits, member.key)) continue;
    std::erase(limited, member.key);
    if (member.value == "null") {
      removed = member.key;
      continue;
    }
    const auto tokens = whole_member(params, member.key);
    if (!tokens || *tokens == 0 || *tokens > rules.tokens_max.value_or(*tokens)) {
      return "params." + member.key + " must be a whole number from 1" +
             (rules.tokens_max ? " to " + most + ", the limit of agent " + agent : "");
    }
    if (!asked.empty()) {
      return "params has two token limits, " + asked + " and " + member.key + ": send one";
    }
    asked = member.key;
    limited.push_back(member.key);
  }
  if (!rules.tokens_max || removed.empty() || !limited.empty()) return {};
  return "params." + removed + " is null, which removes the limit of agent " + agent +
         ": set a token limit from 1 to " + most;
}

}  // namespace

bool chooses_model(const AgentConfig& config) {
  return config.model_by_params || !config.models.empty();
}

ParamRules param_rules(const AgentConfig& config) {
  const bool asks_a_server = asks_a_model(config.kind);
  ParamRules rules;
  rules.model = config.model;
  rules.models = config.models;
  rules.any_model = config.model_by_params ||
                    ((config.kind == AgentKind::push || config.kind == AgentKind::worker) &&
                     config.models.empty());
  rules.summarises = config.when_too_long == WhenTooLong::summarise;
  rules.any = config.params_allowed ? has(*config.params_allowed, "*") : !asks_a_server;
  rules.allowed = config.params_allowed.value_or(
      std::vector<std::string>(params_allowed_first.begin(), params_allowed_first.end()));
  if (rules.any || !config.params) return rules;
  const auto own = json_members(config.params->text);
  if (!own) return rules;
  for (const std::string_view name : token_limits) {
    const auto tokens = whole_member(*own, name);
    if (!tokens) continue;
    rules.tokens_named.emplace_back(name);
    rules.tokens_max = std::min(*tokens, rules.tokens_max.value_or(*tokens));
  }
  return rules;
}

std::optional<std::string> refusal(const ParamRules& rules, const AgentName& agent,
                                   const Json& params) {
  const auto members = json_members(params.text);
  if (!members) return {};
  for (const JsonMember& member : *members) {
    auto why = member.key == "model" ? wrong_model(rules, agent.get(), member)
               : rules.any           ? std::nullopt
                                     : not_allowed(rules, agent.get(), member);
    if (why) return why;
  }
  return too_many_tokens(rules, agent.get(), *members);
}

}  // namespace lockstep
