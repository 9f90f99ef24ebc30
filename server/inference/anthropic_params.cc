// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_params.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

// OpenAI's, without a counterpart.
constexpr std::array<std::string_view, 19> unknown = {"frequency_penalty",
                                                      "presence_penalty",
                                                      "seed",
                                                      "logprobs",
                                                      "top_logprobs",
                                                      "logit_bias",
                                                      "store",
                                                      "modalities",
                                                      "audio",
                                                      "prediction",
                                                      "verbosity",
                                                      "functions",
                                                      "function_call",
                                                      "web_search_options",
                                                      "prompt_cache_key",
                                                      "safety_identifier",
                                                      "min_p",
                                                      "repetition_penalty",
                                                      "n"};

std::optional<JsonDocument> read(const std::string& json) {
  auto document = read_json(json, unbounded_json(limits::json_depth_max));
  if (!document) return {};
  return std::move(*document);
}

std::string text_at(JsonNode value, std::string_view key) {
  const JsonNode found = value.find(key).value_or(JsonNode());
  return found.is_string() ? std::string(found.text()) : std::string();
}

std::string value_of(const std::vector<JsonMember>& members, std::string_view key) {
  const std::string* value = find_member(members, key);
  return value ? *value : std::string();
}

// A function of OpenAI's form; every other tool passes as it is.
void append_tool(std::string& out, const std::string& tool) {
  const auto members = json_members(tool).value_or(std::vector<JsonMember>());
  const auto function = json_members(value_of(members, "function"));
  if (value_of(members, "type") != R"("function")" || !function ||
      !find_member(*function, "name")) {
    out += tool;
    return;
  }
  out += '{';
  append_field_json(out, "name", value_of(*function, "name"));
  for (const char* const key : {"description", "strict"}) {
    const std::string value = value_of(*function, key);
    if (!value.empty() && value != "null") append_field_json(out, key, value);
  }
  std::string schema = value_of(*function, "parameters");
  if (!is_json_object(schema)) schema = R"({"type":"object","properties":{}})";
  append_field_json(out, "input_schema", schema);
  const std::string cached = value_of(members, "cache_control");
  if (!cached.empty()) append_field_json(out, "cache_control", cached);
  out += '}';
}

std::string tools_of(const std::string& tools) {
  const auto document = read(tools);
  if (!document || !document->root().is_array()) return tools;
  std::vector<std::string> each;
  document->root().each_element([&each](JsonNode tool) { each.push_back(to_json(tool)); });
  std::string out;
  append_array(out, each, append_tool);
  return out;
}

// The API's own form; empty: the value is no choice.
std::string tool_choice_of(const std::string& choice) {
  const auto document = read(choice);
  if (!document) return {};
  const JsonNode root = document->root();
  const std::string_view word = root.is_string() ? root.text() : std::string_view();
  if (word == "auto" || word == "none") return R"({"type":")" + std::string(word) + R"("})";
  if (word == "required") return R"({"type":"any"})";
  const auto function = root.find("function");
  if (text_at(root, "type") == "function" && function) {
    return R"({"type":"tool","name":)" + json_string(text_at(*function, "name")) + "}";
  }
  return root.is_object() ? choice : std::string();
}

enum class Thinks : std::uint8_t { never, by_number, by_effort };

Thinks thinks(std::string_view model) {
  static constexpr std::array<std::string_view, 6> never = {"claude-2",        "claude-instant",
                                                            "claude-3-5",      "claude-3-opus",
                                                            "claude-3-sonnet", "claude-3-haiku"};
  static constexpr std::array<std::string_view, 9> by_number = {
      "claude-3-7",      "claude-sonnet-4-0", "claude-opus-4-0",
      "claude-opus-4-1", "claude-sonnet-4-2", "claude-opus-4-2",  // 4-20250514
      "claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"};
  const auto names = [model](std::string_view part) { return model.contains(part); };
  if (std::ranges::any_of(never, names)) return Thinks::never;
  return std::ranges::any_of(by_number, names) ? Thinks::by_number : Thinks::by_effort;
}

class Translation {
 public:
  Translation(const RequestSettings& settings, Repairs& repairs)
      : settings_(settings), repairs_(repairs) {}

  AnthropicParams take() {
    for (const JsonMember& member : settings_.request) add(member);
    if (!find_member(out_.members, "max_tokens")) {
      set("max_tokens", std::to_string(limits::anthropic_answer_tokens));
    }
    add_output_config();
    add_effort();
    add_tool_choice();
    look_at_thinking();
    count_marks();
    return std::move(out_);
  }

 private:
  void set(std::string_view key, std::string value) {
    set_member(out_.members, key, std::move(value));
  }
  void leave_out(std::string_view key) { repairs_.add(RepairKind::parameter_left_out, key); }
  void remove(std::string_view key) {
    if (std::erase_if(out_.members, [key](const JsonMember& each) { return each.key == key; }) > 0)
      leave_out(key);
  }

  void add(const JsonMember& member) {
    const std::string& key = member.key;
    if (key == "system" || key == "messages" || std::ranges::find(unknown, key) != unknown.end()) {
      leave_out(key);
    } else if (key == "max_completion_tokens" || key == "max_output_tokens") {
      set("max_tokens", member.value);
    } else if (key == "tools") {
      if (member.value != "[]" && member.value != "null") set(key, tools_of(member.value));
    } else if (key == "tool_choice") {
      choice_ = member.value;
    } else if (key == "parallel_tool_calls") {
      parallel_ = member.value;
    } else if (key == "stop") {
      if (member.value != "null")
        set("stop_sequences",
            member.value.starts_with('[') ? member.value : "[" + member.value + "]");
    } else if (key == "user") {
      set("metadata", R"({"user_id":)" + member.value + "}");
    } else if (key == "reasoning_effort") {
      effort_ = member.value;
    } else if (key == "response_format") {
      format_ = member.value;
    } else {
      set(key, member.value);
    }
  }

  // Adds a member to `output_config`, unless it is there.
  void configure_output(std::string_view key, const std::string& value) {
    auto config =
        json_members(value_of(out_.members, "output_config")).value_or(std::vector<JsonMember>());
    if (find_member(config, key)) return;
    config.push_back({std::string(key), value});
    set("output_config", json_object(config));
  }

  void add_output_config() {
    if (format_.empty() || format_ == "null") return;
    const auto format = json_members(format_).value_or(std::vector<JsonMember>());
    const std::string type = value_of(format, "type");
    if (type == R"("text")") return;
    const auto schema = json_members(value_of(format, "json_schema"));
    const std::string* value = schema ? find_member(*schema, "schema") : nullptr;
    if (type != R"("json_schema")" || !value) return leave_out("response_format");
    configure_output("format", R"({"type":"json_schema","schema":)" + *value + "}");
  }

  void add_effort() {
    if (effort_.empty() || effort_ == "null" || effort_ == R"("none")") return;
    if (find_member(out_.members, "thinking")) return leave_out("reasoning_effort");
    switch (thinks(model_of(settings_).value_or(""))) {
      case Thinks::never:
        return leave_out("reasoning_effort");
      case Thinks::by_effort:
        set("thinking", R"({"type":"adaptive"})");
        return configure_output("effort", effort_ == R"("minimal")" ? R"("low")" : effort_);
      case Thinks::by_number:
        return add_thinking_tokens();
    }
  }

  // They are a part of the answer's limit, which has to be above them.
  void add_thinking_tokens() {
    std::uint64_t tokens = limits::thinking_tokens_high;
    if (effort_ == R"("minimal")") tokens = limits::thinking_tokens_min;
    if (effort_ == R"("low")") tokens = limits::thinking_tokens_low;
    if (effort_ == R"("medium")") tokens = limits::thinking_tokens_medium;
    const std::uint64_t answer = whole_member(out_.members, "max_tokens").value_or(0);
    tokens = std::min(tokens, answer / 2);
    if (tokens < limits::thinking_tokens_min) return leave_out("reasoning_effort");
    set("thinking", R"({"type":"enabled","budget_tokens":)" + std::to_string(tokens) + "}");
  }

  void add_tool_choice() {
    if (choice_.empty() && parallel_ != "false") return;
    if (!find_member(out_.members, "tools")) {
      if (!choice_.empty()) leave_out("tool_choice");
      return;
    }
    std::string choice = choice_.empty() ? R"({"type":"auto"})" : tool_choice_of(choice_);
    if (choice.empty()) return leave_out("tool_choice");
    auto members = json_members(choice);
    if (!members) return leave_out("tool_choice");
    if (parallel_ == "false" && value_of(*members, "type") != R"("none")") {
      set_member(*members, "disable_parallel_tool_use", "true");
      choice = json_object(*members);
    }
    set("tool_choice", choice);
  }

  void look_at_thinking() {
    const auto thinking = read(value_of(out_.members, "thinking"));
    const std::string type = thinking ? text_at(thinking->root(), "type") : std::string();
    if (type == "enabled") out_.thinking = Thinking::on;
    if (type == "adaptive") out_.thinking = Thinking::adaptive;
    if (out_.thinking == Thinking::off) return;
    // Who thinks may not be forced to call.
    const auto choice = read(value_of(out_.members, "tool_choice"));
    const std::string forced = choice ? text_at(choice->root(), "type") : std::string();
    if (forced == "any" || forced == "tool") {
      repairs_.add(RepairKind::thinking_off, "thinking");
      return out_.switch_thinking_off();
    }
    const std::string temperature = value_of(out_.members, "temperature");
    if (!temperature.empty() && temperature != "1") remove("temperature");
    remove("top_k");
  }

  void count_marks() {
    for (const JsonMember& member : out_.members) {
      if (member.key == "cache_control") out_.cache_marks = limits::cache_marks_max;
      for (std::size_t at = member.value.find(R"("cache_control")"); at != std::string::npos;
           at = member.value.find(R"("cache_control")", at + 1)) {
        ++out_.cache_marks;
      }
    }
  }

  const RequestSettings& settings_;
  Repairs& repairs_;
  AnthropicParams out_;
  std::string choice_, parallel_, effort_, format_;  // JSON; empty: not set
};

}  // namespace

void AnthropicParams::switch_thinking_off() {
  std::erase_if(members, [](const JsonMember& member) { return member.key == "thinking"; });
  thinking = Thinking::off;
}

AnthropicParams anthropic_params(const RequestSettings& settings, Repairs& repairs) {
  return Translation(settings, repairs).take();
}

}  // namespace lockstep
