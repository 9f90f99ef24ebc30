// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_event.h"

#include <utility>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

std::optional<JsonNode> object_member(JsonNode value, std::string_view key) {
  const std::optional<JsonNode> found = value.find(key);
  return found && found->is_object() ? found : std::nullopt;
}

// May hold half of a character.
std::string raw_member(JsonNode value, std::string_view key) {
  const JsonNode found = value.find(key).value_or(JsonNode());
  return found.is_string() ? std::string(found.text()) : std::string();
}

std::string string_member(JsonNode value, std::string_view key) {
  return valid_utf8(raw_member(value, key));
}

std::string json_of(JsonNode value) { return valid_utf8(to_json(value)); }

std::vector<JsonMember> members_of(JsonNode value) {
  std::vector<JsonMember> members;
  value.each_member([&members](std::string_view key, JsonNode member) {
    members.push_back({valid_utf8(key), json_of(member)});
  });
  return members;
}

std::string input_of(JsonNode block) {
  const auto input = object_member(block, "input");
  return input && input->size() > 0 ? json_of(*input) : std::string();
}

// A call that the model itself makes says so, or says nothing.
std::string caller_of(JsonNode block) {
  const auto caller = object_member(block, "caller");
  if (!caller || string_member(*caller, "type") == "direct") return {};
  return json_of(*caller);
}

AnthropicBlock block_of(JsonNode value) {
  AnthropicBlock block;
  block.type = string_member(value, "type");
  if (block.type == "text") {
    block.text = raw_member(value, "text");
    value.find("citations").value_or(JsonNode()).each_element([&block](JsonNode citation) {
      if (citation.is_object()) block.citations.push_back(json_of(citation));
    });
  } else if (block.type == "thinking") {
    block.thinking = raw_member(value, "thinking");
    block.signature = string_member(value, "signature");
  } else if (block.type == "tool_use") {
    block.id = string_member(value, "id");
    block.name = string_member(value, "name");
    block.input = input_of(value);
    block.caller = caller_of(value);
  } else {
    block.members = members_of(value);
  }
  return block;
}

AnthropicDelta delta_of(JsonNode value) {
  AnthropicDelta delta;
  const std::string type = string_member(value, "type");
  if (type == "text_delta") {
    delta.text = raw_member(value, "text");
  } else if (type == "thinking_delta") {
    delta.thinking = raw_member(value, "thinking");
  } else if (type == "signature_delta") {
    delta.signature = string_member(value, "signature");
  } else if (type == "input_json_delta") {
    delta.partial_json = raw_member(value, "partial_json");
  } else if (type == "citations_delta") {
    const auto citation = object_member(value, "citation");
    if (citation) delta.citation = json_of(*citation);
  } else {
    delta.other = members_of(value);
    std::erase_if(delta.other, [](const JsonMember& member) { return member.key == "type"; });
  }
  return delta;
}

AnthropicEvent::Kind kind_of(std::string_view type) {
  using enum AnthropicEvent::Kind;
  if (type == "message" || type == "message_start") return message;
  if (type == "content_block_start") return block_start;
  if (type == "content_block_delta") return block_delta;
  if (type == "content_block_stop") return block_stop;
  if (type == "message_delta") return message_delta;
  if (type == "message_stop") return message_stop;
  return other;
}

// What a message, and a delta of one, says about itself.
void read_about(JsonNode value, AnthropicEvent& event) {
  event.stop_reason = string_member(value, "stop_reason");
  event.model = string_member(value, "model");
  if (const auto container = object_member(value, "container")) {
    event.container = string_member(*container, "id");
  }
  if (const auto usage = object_member(value, "usage")) event.usage = json_of(*usage);
}

void read_content(JsonNode root, AnthropicEvent& event) {
  using enum AnthropicEvent::Kind;
  if (event.kind == message) {
    const JsonNode answer = object_member(root, "message").value_or(root);
    read_about(answer, event);
    answer.find("content").value_or(JsonNode()).each_element([&event](JsonNode block) {
      if (block.is_object()) event.blocks.push_back(block_of(block));
    });
  } else if (event.kind == block_start) {
    event.blocks.push_back(block_of(object_member(root, "content_block").value_or(JsonNode())));
  } else if (event.kind == block_delta) {
    event.delta = delta_of(object_member(root, "delta").value_or(JsonNode()));
  } else if (event.kind == message_delta) {
    read_about(object_member(root, "delta").value_or(JsonNode()), event);
    if (const auto usage = object_member(root, "usage")) event.usage = json_of(*usage);
  }
}

void append_readable(std::string& out, JsonNode value) {
  bool first = true;
  if (value.is_object()) {
    out += '{';
    value.each_member([&](std::string_view key, JsonNode member) {
      if (key.starts_with("encrypted_")) return;
      if (!std::exchange(first, false)) out += ',';
      append_text(out, key);
      out += ':';
      append_readable(out, member);
    });
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    value.each_element([&](JsonNode element) {
      if (!std::exchange(first, false)) out += ',';
      append_readable(out, element);
    });
    out += ']';
  } else {
    append_json(out, value);
  }
}

std::string foreign_protocol(JsonNode root) {
  if (root.find("choices")) return "a Chat Completion: use kind `openai`";
  const bool responses = string_member(root, "type").starts_with("response.") ||
                         string_member(root, "object") == "response";
  return responses ? "one of OpenAI Responses: use kind `openai-responses`" : "";
}

}  // namespace

std::optional<AnthropicEvent> read_anthropic_event(std::string_view data,
                                                   ErrorCertainty certainty) {
  // Half of a character is not an error here: the next delta may have the other half.
  const std::string text = surrogates_as_bytes(data);
  const auto read =
      read_json(text, {.depth_max = limits::json_depth_max, .takes_invalid_utf8 = true});
  if (!read) return {};
  const JsonNode root = read->root();
  AnthropicEvent event;
  if (root.is_object()) event.kind = kind_of(string_member(root, "type"));
  // A block may have a member `error` or `message` that is none of the stream's.
  if (event.kind == AnthropicEvent::Kind::other) {
    event.error = error_in(root, certainty);
    if (event.error) event.kind = AnthropicEvent::Kind::error;
  }
  if (!root.is_object()) return event.error ? std::optional(event) : std::nullopt;
  event.foreign = foreign_protocol(root);
  read_content(root, event);
  return event;
}

std::string without_encrypted(std::string_view json) {
  const auto read = read_json(json, unbounded_json(limits::json_depth_max));
  if (!read) return "null";
  std::string out;
  append_readable(out, read->root());
  return out;
}

}  // namespace lockstep
