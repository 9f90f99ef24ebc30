// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_params.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "schema/json/json_members.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

using Members = std::vector<JsonMember>;

// Members that only the agent sets: the server keeps the thread, so the API has nothing to keep, to
// look up or to do later.
constexpr std::array<std::string_view, 9> reserved_in_responses = {
    "input",        "instructions", "stream",   "store",          "previous_response_id",
    "conversation", "background",   "messages", "stream_options",
};
// Parameters of Chat Completions that the API does not have.
constexpr std::array<std::string_view, 13> unknown = {
    "n",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "audio",
    "modalities",
    "prediction",
    "functions",
    "function_call",
    "logprobs",
    "web_search_options",
};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// The elements of an array as JSON; nothing if it is none.
std::optional<std::vector<std::string>> elements_of(std::string_view json) {
  const auto read = read_json(json, unbounded_json(limits::json_depth_max));
  if (!read || !read->root().is_array()) return {};
  std::vector<std::string> elements;
  read->root().each_element([&](JsonNode each) { elements.push_back(to_json(each)); });
  return elements;
}

std::string array_of(const std::vector<std::string>& elements) {
  std::string out;
  append_array(out, elements, [](std::string& to, const std::string& each) { to += each; });
  return out;
}

// The name in a JSON string of letters; empty for all else.
std::string_view word_of(const std::string* json) {
  if (!json || json->size() < 2 || json->front() != '"') return {};
  return std::string_view(*json).substr(1, json->size() - 2);
}

// `{"type":T, T:{...}, ...}` as `{"type":T, ...}`, with the members of the object in its place.
Members flat(Members members) {
  const std::string type(word_of(find_member(members, "type")));
  const auto found = std::ranges::find(members, type, &JsonMember::key);
  if (type.empty() || found == members.end()) return members;
  std::optional<Members> inner = json_members(found->value);
  if (!inner) return members;
  members.erase(found);
  for (JsonMember& member : *inner) set_member(members, member.key, std::move(member.value));
  return members;
}

std::string flat_object(const std::string& json) {
  std::optional<Members> members = json_members(json);
  return members ? json_object(flat(*std::move(members))) : json;
}

std::string tool_of(const std::string& json) {
  std::optional<Members> members = json_members(json);
  if (!members) return json;
  const bool nested = find_member(*members, "function") != nullptr;
  Members tool = flat(*std::move(members));
  if (nested && !find_member(tool, "strict")) tool.push_back({"strict", "false"});
  if (const std::string* format = find_member(tool, "format")) {
    set_member(tool, "format", flat_object(*format));  // of a custom tool: a grammar
  }
  return json_object(tool);
}

std::string tools_of(const std::string& json) {
  std::optional<std::vector<std::string>> tools = elements_of(json);
  if (!tools) return json;
  for (std::string& tool : *tools) tool = tool_of(tool);
  return array_of(*tools);
}

std::string tool_choice_of(const std::string& json) {
  std::optional<Members> members = json_members(json);
  if (!members) return json;  // a word
  Members choice = flat(*std::move(members));
  const std::string* allowed = find_member(choice, "tools");
  if (auto tools = allowed ? elements_of(*allowed) : std::nullopt) {
    for (std::string& tool : *tools) tool = flat_object(tool);
    set_member(choice, "tools", array_of(*tools));
  }
  return json_object(choice);
}

// Sets a member of a member, which is an object.
void set_within(Members& request, std::string_view outer, std::string_view name,
                std::string value) {
  const std::string* object = find_member(request, outer);
  std::optional<Members> members = object ? json_members(*object) : std::nullopt;
  if (!members) members.emplace();
  set_member(*members, name, std::move(value));
  set_member(request, outer, json_object(*members));
}

// Adds elements that are not there yet.
void add_to_list(Members& request, std::string_view name, const std::string& json) {
  const std::string* known = find_member(request, name);
  const std::optional<std::vector<std::string>> more = elements_of(json);
  if (!more) return;
  std::vector<std::string> list;
  if (known) list = elements_of(*known).value_or(std::vector<std::string>{});
  for (const std::string& each : *more) {
    if (!is_one_of(list, each)) list.push_back(each);
  }
  set_member(request, name, array_of(list));
}

void set_param(Members& request, const JsonMember& param) {
  const auto& [key, value] = param;
  static constexpr std::array<std::string_view, 4> parts = {"max_tokens", "max_completion_tokens",
                                                            "reasoning_effort", "response_format"};
  if (value == "null" && is_one_of(parts, key)) return;  // there: the default
  if (key == "max_tokens" || key == "max_completion_tokens") {
    set_member(request, "max_output_tokens", value);
  } else if (key == "reasoning_effort") {
    set_within(request, "reasoning", "effort", value);
  } else if (key == "response_format") {
    set_within(request, "text", "format", flat_object(value));
  } else if (key == "verbosity") {
    set_within(request, "text", "verbosity", value);
  } else if (key == "tools") {
    set_member(request, "tools", tools_of(value));
  } else if (key == "tool_choice") {
    set_member(request, "tool_choice", tool_choice_of(value));
  } else if (key == "include") {
    add_to_list(request, "include", value);
  } else {
    set_member(request, key, value);
  }
}

}  // namespace

void set_responses_members(RequestSettings& settings) {
  set_member(settings.request, "stream", "true");
  set_member(settings.request, "store", "false");
  if (settings.reasoning != ReasoningBack::never) {
    add_to_list(settings.request, "include", R"(["reasoning.encrypted_content"])");
  }
}

void apply_responses_params(RequestSettings& settings, const std::optional<Json>& params,
                            ModelChoice choice) {
  if (!params || params->text == "null") return;
  const std::optional<Members> members = json_members(params->text);
  if (!members) {
    settings.ignored.emplace_back("params");
    return;
  }
  // An effort goes into what `reasoning` says.
  Members ordered;
  for (const bool efforts : {false, true}) {
    std::ranges::copy_if(*members, std::back_inserter(ordered), [efforts](const JsonMember& it) {
      return (it.key == "reasoning_effort") == efforts;
    });
  }
  for (const JsonMember& member : ordered) {
    const bool fixed = member.key == "model" && choice == ModelChoice::fixed;
    if (fixed || is_one_of(reserved_in_responses, member.key) || is_one_of(unknown, member.key)) {
      settings.ignored.push_back(member.key);
    } else {
      set_param(settings.request, member);
    }
  }
}

bool gives_reasoning(std::string_view model) {
  static constexpr std::array<std::string_view, 4> without = {"gpt-3.5", "gpt-4", "chatgpt-",
                                                              "gpt-5-chat"};
  // Routers put the maker before a model's name.
  model.remove_prefix(model.rfind('/') + 1);
  return std::ranges::none_of(without,
                              [model](std::string_view each) { return model.starts_with(each); });
}

}  // namespace lockstep
