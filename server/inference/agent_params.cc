// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agent_params.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/agents.h"
#include "server/inference/limits.h"
#include "server/inference/param_rules.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

using Field = AgentFields::mapped_type;
using Complaint = std::string;

// A table of the file, or a text of JSON.
Complaint take_object(const Field& field, std::optional<Json>& to) {
  std::string text;
  if (const auto* json = std::get_if<Json>(&field)) {
    text = json->text;
  } else if (const auto* texts = std::get_if<Texts>(&field)) {
    text = "{";
    for (const auto& [key, value] : *texts) {
      if (text.back() != '{') text += ',';
      append_text(text, key);
      text += ':';
      append_text(text, value);
    }
    text += '}';
  } else if (const auto* written = std::get_if<std::string>(&field)) {
    text = *written;
  } else {
    return "must be a table, or a JSON object as text";
  }
  if (!is_json_object(text)) return "must be a table, or a JSON object as text";
  to = Json{std::move(text)};
  return {};
}

Complaint take_tools(const Field& field, std::optional<Json>& params) {
  const auto* json = std::get_if<Json>(&field);
  const auto read = json ? read_json(json->text, unbounded_json(limits::json_depth_max))
                         : std::unexpected(JsonRefusal());
  if (!read || !read->root().is_array()) return "must be tables: [[agents.NAME.tools]]";
  Complaint complaint;
  std::size_t at = 0;
  read->root().each_element([&](JsonNode tool) {
    if (!tool.is_object() && complaint.empty()) {
      complaint = "has something else than a table at place " + std::to_string(at);
    }
    ++at;
  });
  if (!complaint.empty()) return complaint;
  std::string text = params ? params->text : "{}";
  const auto members = json_members(text);
  if (members && find_member(*members, "tools")) return "are in `params` too: keep them once";
  text.erase(text.find_last_of('}'));
  if (members && !members->empty()) text += ',';
  text += R"("tools":)" + json->text + '}';
  params = Json{std::move(text)};
  return {};
}

// Nothing: it is no array of texts.
std::optional<std::vector<std::string>> texts_in(const Field& field) {
  const auto* json = std::get_if<Json>(&field);
  const auto read = json ? read_json(json->text, unbounded_json(limits::json_depth_max))
                         : std::unexpected(JsonRefusal());
  if (!read || !read->root().is_array()) return {};
  std::vector<std::string> texts;
  bool good = true;
  read->root().each_element([&](JsonNode element) {
    good = good && element.is_string() && !element.text().empty();
    if (good) texts.emplace_back(element.text());
  });
  return good ? std::optional(std::move(texts)) : std::nullopt;
}

Complaint take_models(const Field& field, std::vector<std::string>& to) {
  auto models = texts_in(field);
  if (!models) return "must be an array of names of models";
  to = *std::move(models);
  const bool any = std::ranges::find(to, "*") != to.end();
  return any ? "has `*`: set model_by_params for any model" : "";
}

Complaint take_allowed(const Field& field, std::optional<std::vector<std::string>>& to) {
  const auto* text = std::get_if<std::string>(&field);
  auto names = text && *text == "*" ? std::vector<std::string>{"*"} : texts_in(field);
  if (!names) return "must be \"*\", or an array of names of parameters";
  std::vector<std::string> allowed;
  for (std::string& name : *names) {
    if (is_servers(name)) return "has `" + name + "`, which only the server sets: leave it out";
    if (name == "model") return "has `model`: name the models in `models` instead";
    if (name == "default") {
      allowed.insert(allowed.end(), params_allowed_first.begin(), params_allowed_first.end());
    } else {
      allowed.push_back(std::move(name));
    }
  }
  to = std::move(allowed);
  return {};
}

Complaint take_slots(const Field& field, std::optional<std::uint32_t>& to) {
  const auto* runs = std::get_if<std::int64_t>(&field);
  constexpr auto most = static_cast<std::int64_t>(limits::runs_at_once_max);
  if (!runs || *runs < 1 || *runs > most) {
    return "must be a whole number from 1 to " + std::to_string(most);
  }
  to = static_cast<std::uint32_t>(*runs);
  return {};
}

Complaint take_asked(const Field& field, std::vector<std::string>& to) {
  const auto* text = std::get_if<std::string>(&field);
  auto names = text && *text == "*" ? std::vector<std::string>{"*"} : texts_in(field);
  if (!names) return "must be \"*\", or an array of names of tools";
  to = std::move(*names);
  return {};
}

Complaint take_files(const Field& field, std::optional<std::vector<std::string>>& to) {
  auto kinds = texts_in(field);
  const auto known = [](const std::string& kind) {
    return kind == file_kinds::pdf || kind == file_kinds::sound;
  };
  if (!kinds || !std::ranges::all_of(*kinds, known)) return R"(must be an array of "pdf", "sound")";
  to = *std::move(kinds);
  return {};
}

Complaint take_answer_time(const Field& field, std::chrono::milliseconds& to) {
  const auto* seconds = std::get_if<std::int64_t>(&field);
  constexpr std::int64_t most = std::chrono::seconds(limits::answer_time_max).count();
  if (!seconds || *seconds < 1 || *seconds > most) {
    return "must be a whole number of seconds from 1 to " + std::to_string(most) + " (a year)";
  }
  to = std::chrono::seconds(*seconds);
  return {};
}

Complaint take_fallback(const Field& field, std::optional<AgentName>& to) {
  const auto* name = std::get_if<std::string>(&field);
  if (!name || !is_id(*name)) return "must be the name of an agent";
  to = AgentName(*name);
  return {};
}

Complaint take_images(const Field& field, std::optional<bool>& to) {
  const auto* takes = std::get_if<bool>(&field);
  if (!takes) return "must be true or false";
  to = *takes;
  return {};
}

}  // namespace

std::optional<std::string> take_params(std::string_view name, const Field& field,
                                       AgentConfig& config) {
  if (name == "params") return take_object(field, config.params);
  if (name == "tools") return take_tools(field, config.params);
  if (name == "models") return take_models(field, config.models);
  if (name == "runs_at_once") return take_slots(field, config.runs_at_once);
  if (name == "ask_before") return take_asked(field, config.calls.ask_before);
  if (name == "answer_timeout_seconds") return take_answer_time(field, config.calls.answer_time);
  if (name == "fallback") return take_fallback(field, config.calls.fallback);
  if (name == "takes_files") return take_files(field, config.takes_files);
  if (name == "takes_images") return take_images(field, config.takes_images);
  if (name == "params_allowed") return take_allowed(field, config.params_allowed);
  return {};
}

namespace {

// A limit that can't be read would be none, and the operator pays.
std::string fault_of_limit(const AgentConfig& config) {
  if (!asks_a_model(config.kind) || !config.params) return {};
  const auto members = json_members(config.params->text);
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>())) {
    const bool limits = std::ranges::find(token_limits, member.key) != token_limits.end();
    if (!limits || member.value == "null") continue;
    if (whole_member(*members, member.key).value_or(0) > 0) continue;
    return "params." + member.key + " must be a whole number from 1, without a point or exponent";
  }
  return {};
}

}  // namespace

std::string fault_of_params(const AgentConfig& config) {
  if (std::string fault = fault_of_limit(config); !fault.empty()) return fault;
  if (!config.model_by_params || config.models.empty()) return {};
  return "models has no use next to `model_by_params`, which allows every model: leave out one";
}

}  // namespace lockstep
