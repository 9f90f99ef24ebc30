// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_text.h"
#include "server/front/call.h"
#include "server/front/handlers.h"

namespace lockstep {
namespace {

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  append_array(out, texts, [](std::string& to, const std::string& text) { append_text(to, text); });
}

// `"*"` stands for any.
void append_choice(std::string& out, std::string_view name, const std::vector<std::string>& texts,
                   bool any) {
  append_name(out, name);
  if (any) return append_text(out, "*");
  append_texts(out, texts);
}

std::vector<std::string> models_of(const AgentFace& agent) {
  std::vector<std::string> models = agent.models;
  std::erase(models, agent.model);
  if (!agent.model.empty()) models.insert(models.begin(), agent.model);
  return models;
}

void append_agent(std::string& out, const AgentFace& agent) {
  out += '{';
  append_field(out, "name", agent.name.get());
  append_field(out, "kind", agent.kind);
  append_field_flag(out, "default", agent.name == AgentName("default"));
  if (!agent.model.empty()) append_field(out, "model", agent.model);
  append_choice(out, "models", models_of(agent), agent.any_model);
  append_choice(out, "params_allowed", agent.params, agent.any_params);
  append_field_flag(out, "images", agent.images);
  if (agent.context_tokens) append_field_number(out, "context_tokens", *agent.context_tokens);
  if (agent.tokens_max) append_field_number(out, "tokens_max", *agent.tokens_max);
  if (agent.runs_at_once) append_field_number(out, "runs_at_once", *agent.runs_at_once);
  append_field_number(out, "running", agent.load.running);
  append_field_number(out, "waiting", agent.load.waiting);
  out += '}';
}

}  // namespace

void get_agents(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  std::string body = "{";
  append_name(body, "agents");
  append_array(body, front.agents ? front.agents() : std::vector<AgentFace>(), append_agent);
  respond(json_response(body += '}'));
}

}  // namespace lockstep
