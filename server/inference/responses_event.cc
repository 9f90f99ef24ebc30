// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_event.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

using EventKind = ResponsesEvent::Kind;

// A member that is null counts as missing.
std::optional<JsonNode> member(JsonNode value, std::string_view key) {
  const std::optional<JsonNode> found = value.find(key);
  return found && !found->is_null() ? found : std::nullopt;
}

// A text that may hold halves of characters.
std::string piece_member(JsonNode value, std::string_view key) {
  const JsonNode found = member(value, key).value_or(JsonNode());
  return found.is_string() ? std::string(found.text()) : std::string();
}

std::string string_member(JsonNode value, std::string_view key) {
  return valid_utf8(piece_member(value, key));
}

// JSON as the store may keep it; empty if repairing its characters has broken it: two names may
// have become equal.
std::string kept(const std::string& json) {
  std::string valid = valid_utf8(json);
  if (valid == json || read_json(valid, {.depth_max = limits::json_depth_max})) return valid;
  return {};
}

// The object without some of its members.
std::string without(JsonNode object, std::initializer_list<std::string_view> names) {
  std::string out = "{";
  object.each_member([&](std::string_view name, JsonNode value) {
    if (std::ranges::find(names, name) != names.end()) return;
    if (out.back() != '{') out += ',';
    append_text(out, name);
    out += ':';
    append_json(out, value);
  });
  return kept(out + "}");
}

// --- Items ---------------------------------------------------------------------------------------

struct TextForm {
  std::string_view type;  // of the object around a text
  ItemText which;
  std::string_view member;
};
constexpr std::array text_forms{
    TextForm{"output_text", ItemText::text, "text"},
    TextForm{"refusal", ItemText::refusal, "refusal"},
    TextForm{"summary_text", ItemText::summary, "text"},
    TextForm{"reasoning_text", ItemText::thought, "text"},
    TextForm{"text", ItemText::text, "text"},  // older servers
};

std::optional<ItemPiece> read_text(JsonNode object, std::uint64_t index) {
  const std::string type = piece_member(object, "type");
  const auto* form = std::ranges::find(text_forms, type, &TextForm::type);
  if (form == text_forms.end()) return {};
  ItemPiece piece{.which = form->which,
                  .index = index,
                  .text = piece_member(object, form->member),
                  .rest = without(object, {form->member, "logprobs"}),
                  .annotations = {}};
  const auto annotations = member(object, "annotations");
  if (annotations && annotations->is_array() && annotations->size() > 0) {
    piece.annotations = kept(to_json(*annotations));
  }
  return piece;
}

void read_texts(JsonNode item, std::string_view list, std::vector<ItemPiece>& texts) {
  const auto objects = member(item, list);
  if (!objects) return;
  std::uint64_t index = 0;
  objects->each_element([&](JsonNode object) {
    if (auto piece = read_text(object, index++)) texts.push_back(*std::move(piece));
  });
}

// The arguments of a call, or the input of a custom one.
void read_call_text(JsonNode item, ItemText which, std::string_view name,
                    std::vector<ItemPiece>& texts) {
  const auto text = member(item, name);
  if (!text) return;
  texts.push_back({.which = which,
                   .index = 0,
                   .text = text->is_string() ? std::string(text->text()) : to_json(*text),
                   .rest = {},
                   .annotations = {}});
}

ResponseItem read_item(JsonNode node) {
  ResponseItem item;
  item.type = string_member(node, "type");
  item.id = string_member(node, "id");
  item.is_cut = string_member(node, "status") == "incomplete";
  item.call_id = string_member(node, "call_id");
  item.name = string_member(node, "name");
  item.json = kept(to_json(node));
  if (item.type == "message") {
    read_texts(node, "content", item.texts);
    item.rest = without(node, {"content"});
  } else if (item.type == "reasoning") {
    read_texts(node, "summary", item.texts);
    read_texts(node, "content", item.texts);
  } else if (item.type == "function_call") {
    read_call_text(node, ItemText::arguments, "arguments", item.texts);
    item.rest = without(node, {"arguments"});
  } else if (item.type == "custom_tool_call") {
    read_call_text(node, ItemText::input, "input", item.texts);
    item.rest = without(node, {"input"});
  } else if (item.type == "image_generation_call") {
    item.result = string_member(node, "result");
    item.output_format = string_member(node, "output_format");
    item.rest = without(node, {"result"});
  } else {
    item.asks = !item.call_id.empty() || item.type == "mcp_approval_request";
  }
  return item;
}

// --- The answer ----------------------------------------------------------------------------------

std::optional<ProviderError> error_of_state(JsonNode response) {
  const auto error = member(response, "error");
  if (!error) return {};
  return error_in(response, ErrorCertainty::refusal);
}

ResponseState read_state(JsonNode response) {
  ResponseState state;
  state.status = string_member(response, "status");
  if (const auto details = member(response, "incomplete_details")) {
    state.incomplete_reason = string_member(*details, "reason");
  }
  state.error = error_of_state(response);
  const auto usage = member(response, "usage");
  if (usage && usage->is_object()) state.usage = valid_utf8(to_json(*usage));
  if (const auto output = member(response, "output")) {
    output->each_element([&state](JsonNode item) {
      if (item.is_object()) state.output.push_back(read_item(item));
    });
  }
  return state;
}

// --- Events --------------------------------------------------------------------------------------

struct TextEvent {
  std::string_view type;
  EventKind kind;
  ItemText which;
  std::string_view member;  // that holds the text
};
constexpr std::array text_events{
    TextEvent{"response.output_text.delta", EventKind::piece, ItemText::text, "delta"},
    TextEvent{"response.output_text.done", EventKind::whole_text, ItemText::text, "text"},
    TextEvent{"response.refusal.delta", EventKind::piece, ItemText::refusal, "delta"},
    TextEvent{"response.refusal.done", EventKind::whole_text, ItemText::refusal, "refusal"},
    TextEvent{"response.reasoning_summary_text.delta", EventKind::piece, ItemText::summary,
              "delta"},
    TextEvent{"response.reasoning_summary_text.done", EventKind::whole_text, ItemText::summary,
              "text"},
    TextEvent{"response.reasoning_text.delta", EventKind::piece, ItemText::thought, "delta"},
    TextEvent{"response.reasoning_text.done", EventKind::whole_text, ItemText::thought, "text"},
    TextEvent{"response.function_call_arguments.delta", EventKind::piece, ItemText::arguments,
              "delta"},
    TextEvent{"response.function_call_arguments.done", EventKind::whole_text, ItemText::arguments,
              "arguments"},
    TextEvent{"response.custom_tool_call_input.delta", EventKind::piece, ItemText::input, "delta"},
    TextEvent{"response.custom_tool_call_input.done", EventKind::whole_text, ItemText::input,
              "input"},
};

void read_text_event(JsonNode root, const TextEvent& form, ResponsesEvent& event) {
  event.kind = form.kind;
  event.piece.which = form.which;
  event.piece.text = piece_member(root, form.member);
}

void read_part_event(JsonNode root, ResponsesEvent& event) {
  const auto part = member(root, "part");
  if (!part) return;
  auto piece = read_text(*part, event.piece.index);
  if (!piece) return;
  event.kind = EventKind::whole_text;
  event.piece = *std::move(piece);
}

void read_item_event(JsonNode root, EventKind kind, ResponsesEvent& event) {
  const auto item = member(root, "item");
  if (!item || !item->is_object()) return;
  event.kind = kind;
  event.item = read_item(*item);
}

void read_annotation(JsonNode root, ResponsesEvent& event) {
  const auto annotation = member(root, "annotation");
  if (!annotation) return;
  event.kind = EventKind::annotation;
  event.piece.annotations = kept(to_json(*annotation));
}

bool is_end(std::string_view status) {
  static constexpr std::array<std::string_view, 4> ends = {"completed", "incomplete", "failed",
                                                           "cancelled"};
  return std::ranges::find(ends, status) != ends.end();
}

// The events that hold the whole answer; only the last of them shows anything.
void read_answer(JsonNode response, std::string_view status, ResponsesEvent& event) {
  event.model = string_member(response, "model");
  if (!is_end(status)) return;
  event.kind = EventKind::ended;
  event.state = read_state(response);
  if (!is_end(event.state->status)) event.state->status = status;
}

void read_event(JsonNode root, const std::string& type, ResponsesEvent& event) {
  event.output_index = member(root, "output_index").value_or(JsonNode()).whole();
  event.item_id = string_member(root, "item_id");
  for (const char* const index : {"content_index", "summary_index"}) {
    if (const auto found = member(root, index)) event.piece.index = found->whole().value_or(0);
  }
  const auto* text = std::ranges::find(text_events, type, &TextEvent::type);
  if (text != text_events.end()) return read_text_event(root, *text, event);
  if (type == "response.output_item.added")
    return read_item_event(root, EventKind::item_added, event);
  if (type == "response.output_item.done")
    return read_item_event(root, EventKind::item_done, event);
  if (type == "response.output_text.annotation.added") return read_annotation(root, event);
  if (type == "response.content_part.done" || type == "response.reasoning_summary_part.done") {
    return read_part_event(root, event);
  }
  constexpr std::string_view prefix = "response.";
  if (const auto response = member(root, "response")) {
    read_answer(*response, std::string_view(type).substr(prefix.size()), event);
  }
}

// The protocol of an event that is not of Responses; empty if it shows none.
std::string foreign_protocol(JsonNode root, const std::string& type) {
  if (root.find("choices")) return "OpenAI Chat Completions";
  if (type.starts_with("message_") || type.starts_with("content_block_") || type == "message") {
    return "Anthropic Messages";
  }
  if (member(root, "candidates")) return "Gemini";
  const auto done = member(root, "done");
  if (done && done->is_flag()) return "Ollama";
  return {};
}

}  // namespace

std::optional<ResponsesEvent> read_responses_event(std::string_view data,
                                                   ErrorCertainty certainty) {
  // Half of a character is not an error here: the next event may have the other half.
  const std::string text = surrogates_as_bytes(data);
  const auto read =
      read_json(text, {.depth_max = limits::json_depth_max, .takes_invalid_utf8 = true});
  if (!read) return {};
  const JsonNode root = read->root();
  const std::string type = piece_member(root, "type");

  ResponsesEvent event;
  event.is_ours = type.starts_with("response.");
  if (event.is_ours) {
    read_event(root, type, event);
    return event;
  }
  if (root.is_object() && piece_member(root, "object") == "response") {
    event.is_ours = true;
    const std::string status = string_member(root, "status");
    read_answer(root, status.empty() ? "completed" : status, event);
    return event;
  }
  // An event `error` names its error itself; errors of gateways have no type.
  event.error = error_in(root, type == "error" ? ErrorCertainty::refusal : certainty);
  if (event.error) {
    event.kind = EventKind::error;
    return event;
  }
  if (!root.is_object()) return {};
  event.foreign = foreign_protocol(root, type);
  return event;
}

}  // namespace lockstep
