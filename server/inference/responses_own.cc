// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_own.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

std::optional<JsonDocument> read(std::string_view json) {
  auto document = read_json(json, unbounded_json(limits::json_depth_max));
  if (!document || !document->root().is_object()) return {};
  return std::move(*document);
}

std::string text_in(JsonNode object, std::string_view name) {
  const JsonNode found = object.find(name).value_or(JsonNode());
  return found.is_string() ? std::string(found.text()) : std::string();
}

void append_others(std::string& out, JsonNode object,
                   std::initializer_list<std::string_view> names) {
  object.each_member([&](std::string_view name, JsonNode value) {
    if (std::ranges::find(names, name) != names.end()) return;
    if (out.back() != '{') out += ',';
    append_text(out, name);
    out += ':';
    append_json(out, value);
  });
}

// The free text of a custom tool's call; nothing if the arguments are not those of one.
std::optional<std::string> input_of(const TurnCall& call) {
  const auto arguments = read(call.arguments);
  if (!arguments || arguments->root().size() != 1) return {};
  const auto input = arguments->root().find("input");
  if (!input || !input->is_string()) return {};
  return std::string(input->text());
}

}  // namespace

std::optional<std::string> own_reasoning(const Json& data) {
  const auto document = read(data.text);
  if (!document) return {};
  const JsonNode item = document->root();
  const bool whole = text_in(item, "status") != "incomplete";
  if (text_in(item, "type") != "reasoning" || text_in(item, "encrypted_content").empty() ||
      !whole) {
    return {};
  }
  return data.text;
}

std::optional<OwnText> own_text_of(const Json& data) {
  const auto document = read(data.text);
  if (!document) return {};
  const auto item = document->root().find("item");
  const auto part = document->root().find("part");
  if (!item || !part || text_in(*item, "type") != "message" || item->find("content")) return {};
  const std::string type = text_in(*part, "type");
  if (type != "output_text" && type != "refusal") return {};
  if (part->find("text") || part->find("refusal")) return {};
  return OwnText{.item = to_json(*item), .part = to_json(*part), .refusal = type == "refusal"};
}

OwnCall own_call_of(const TurnCall& call, const Json* data) {
  const auto document = data ? read(data->text) : std::nullopt;
  JsonNode item = document ? document->root() : JsonNode();
  // The item is another one if the call's id or name had to be changed.
  if (text_in(item, "call_id") != call.id || text_in(item, "name") != call.name) item = {};
  const bool asked_custom = text_in(item, "type") == "custom_tool_call";
  const std::optional<std::string> input = asked_custom ? input_of(call) : std::nullopt;
  // A custom call whose input was changed to something else is an ordinary one.
  const bool is_own = input || text_in(item, "type") == "function_call";
  const std::string type = input ? "custom_tool_call" : "function_call";

  OwnCall written;
  written.item = "{";
  append_field(written.item, "type", type);
  if (is_own) {
    append_others(written.item, item, {"type", "call_id", "name", "arguments", "input"});
  }
  append_field(written.item, "call_id", call.id);
  append_field(written.item, "name", call.name);
  append_field(written.item, input ? "input" : "arguments", input ? *input : call.arguments);
  written.item += '}';
  written.output = "{";
  append_field(written.output, "type", type + "_output");
  append_field(written.output, "call_id", call.id);
  append_field(written.output, "output", call.result);
  written.output += '}';
  return written;
}

bool is_annotations(const Json& data) {
  const auto document = read(data.text);
  return document && text_in(document->root(), "type") == "annotations";
}

std::optional<std::string> own_item_of(const Part& part, const Json& data) {
  const auto document = read(data.text);
  if (!document) return {};
  const std::string type = text_in(document->root(), "type");
  if (const auto* value = std::get_if<DataPart>(&part)) {
    const bool is_tools = value->name == "openai." + type && !type.ends_with("_output");
    return is_tools ? std::optional(data.text) : std::nullopt;
  }
  const auto* file = std::get_if<FilePart>(&part);
  constexpr std::string_view mark = ";base64,";
  const std::size_t begin = file ? file->uri.find(mark) : std::string::npos;
  if (type != "image_generation_call" || begin == std::string::npos) return {};
  std::string item = "{";
  append_others(item, document->root(), {"result"});
  append_field(item, "result", std::string_view(file->uri).substr(begin + mark.size()));
  return item + "}";
}

}  // namespace lockstep
