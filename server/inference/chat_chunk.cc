// SPDX-License-Identifier: Apache-2.0
#include "server/inference/chat_chunk.h"

#include "schema/json/json_reader.h"
#include "server/inference/finish_reason.h"
#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

// The index for the old form `function_call`, which has none.
constexpr std::int64_t function_call_index = -1;

// A member that is null counts as missing.
std::optional<JsonNode> member(JsonNode value, std::string_view key) {
  const std::optional<JsonNode> found = value.find(key);
  return found && !found->is_null() ? found : std::nullopt;
}

std::string text_of(JsonNode value) {
  return value.is_string() ? std::string(value.text()) : std::string();
}

std::string string_member(JsonNode value, std::string_view key) {
  return text_of(member(value, key).value_or(JsonNode()));
}

// A list of pieces or a plain string, as Mistral's `thinking` is.
std::string text_of_list(JsonNode value) {
  std::string text = text_of(value);
  value.each_element([&text](JsonNode element) { text += string_member(element, "text"); });
  return text;
}

void read_content(JsonNode content, ChatChunk& chunk) {
  chunk.text += text_of(content);
  content.each_element([&chunk](JsonNode element) {
    chunk.text += text_of(element);
    chunk.text += string_member(element, "text");
    if (const auto thinking = member(element, "thinking")) {
      chunk.reasoning += text_of_list(*thinking);
    }
  });
}

// Some servers send the same text under two names: take the first that is not empty.
std::string reasoning_of(JsonNode delta) {
  std::string text = string_member(delta, "reasoning_content");
  if (text.empty()) text = string_member(delta, "reasoning");
  const auto details = member(delta, "reasoning_details");
  if (!text.empty() || !details) return text;
  details->each_element([&text](JsonNode detail) {
    text += string_member(detail, "text");
    text += string_member(detail, "summary");
  });
  return text;
}

// What the server signs with; its own text comes back to it as it was written.
std::string extra_of(JsonNode value) {
  const auto extra = member(value, "extra_content");
  return extra && extra->is_object() ? valid_utf8(to_json(*extra)) : std::string();
}

// The arguments are JSON text; some servers send the object itself.
std::string arguments_of(JsonNode function) {
  const auto arguments = member(function, "arguments");
  if (!arguments) return {};
  return arguments->is_string() ? std::string(arguments->text()) : to_json(*arguments);
}

CallPiece read_call(JsonNode call) {
  CallPiece piece;
  if (const auto index = member(call, "index")) piece.index = index->integer();
  piece.id = valid_utf8(string_member(call, "id"));
  piece.extra = extra_of(call);
  piece.custom = string_member(call, "type") == "custom";
  if (const auto custom = member(call, "custom")) {
    piece.custom = true;
    piece.name = valid_utf8(string_member(*custom, "name"));
    piece.arguments = string_member(*custom, "input");
    return piece;
  }
  // Some servers leave out the object between.
  const JsonNode function = member(call, "function").value_or(call);
  piece.name = valid_utf8(string_member(function, "name"));
  piece.arguments = arguments_of(function);
  return piece;
}

void read_calls(JsonNode delta, ChatChunk& chunk) {
  if (const auto calls = member(delta, "tool_calls")) {
    calls->each_element([&chunk](JsonNode call) {
      if (call.is_object()) chunk.calls.push_back(read_call(call));
    });
  }
  const auto old = member(delta, "function_call");
  if (!old || !old->is_object()) return;
  chunk.calls.push_back({.index = function_call_index,
                         .id = {},
                         .name = valid_utf8(string_member(*old, "name")),
                         .arguments = arguments_of(*old),
                         .custom = false,
                         .extra = {}});
}

// Adds the transcript of a sound to the text: it is what the model said.
void read_media(JsonNode delta, ChatChunk& chunk) {
  if (const auto annotations = member(delta, "annotations")) {
    annotations->each_element([&chunk](JsonNode each) {
      if (each.is_object()) chunk.media.annotations.push_back(valid_utf8(to_json(each)));
    });
  }
  if (const auto images = member(delta, "images")) {
    images->each_element([&chunk](JsonNode each) {
      // Also an address without an object around it.
      std::string uri = valid_utf8(string_member(each, "image_url"));
      const auto image = member(each, "image_url");
      if (uri.empty() && image) uri = valid_utf8(string_member(*image, "url"));
      chunk.media.images.push_back(std::move(uri));
    });
  }
  if (const auto audio = member(delta, "audio")) {
    chunk.media.sound = string_member(*audio, "data");
    chunk.media.sound_id = valid_utf8(string_member(*audio, "id"));
    chunk.text += string_member(*audio, "transcript");
  }
}

void read_lists(JsonNode root, ChatChunk& chunk) {
  for (const std::string_view name : {"citations", "search_results"}) {
    bool is_empty = true;
    const auto list = member(root, name);
    if (list) list->each_element([&is_empty](JsonNode) { is_empty = false; });
    if (!is_empty) chunk.media.lists.emplace_back(name, valid_utf8(to_json(*list)));
  }
}

// The first of several answers: the request asks for one.
std::optional<JsonNode> first_choice(JsonNode root) {
  std::optional<JsonNode> first;
  const auto choices = member(root, "choices");
  if (!choices) return first;
  choices->each_element([&first](JsonNode choice) {
    const auto index = member(choice, "index");
    if (!first && (!index || index->integer().value_or(0) == 0)) first = choice;
  });
  return first;
}

void read_choice(JsonNode choice, ChatChunk& chunk) {
  chunk.finish_reason = finish_reason_of(valid_utf8(string_member(choice, "finish_reason")));
  auto delta = member(choice, "delta");
  if (!delta) {
    delta = member(choice, "message");
    chunk.is_whole = delta.has_value();
  }
  if (!delta) {
    if (!string_member(choice, "text").empty()) chunk.foreign = "Completions (`choices[].text`)";
    return;
  }
  chunk.has_delta = true;
  chunk.reasoning = reasoning_of(*delta);
  chunk.extra = extra_of(*delta);
  if (const auto details = member(*delta, "reasoning_details")) {
    details->each_element([&chunk](JsonNode detail) {
      if (detail.is_object()) chunk.details.push_back(valid_utf8(to_json(detail)));
    });
  }
  if (const auto content = member(*delta, "content")) read_content(*content, chunk);
  chunk.text += string_member(*delta, "refusal");
  read_media(*delta, chunk);
  read_calls(*delta, chunk);
}

std::optional<std::string> usage_of(JsonNode root) {
  auto usage = member(root, "usage");
  if (!usage) {
    const auto groq = member(root, "x_groq");
    if (groq) usage = member(*groq, "usage");
  }
  if (!usage || !usage->is_object()) return {};
  return valid_utf8(to_json(*usage));
}

// The protocol of a chunk that is not of Chat Completions; empty if it shows none.
std::string foreign_protocol(JsonNode root) {
  const std::string type = string_member(root, "type");
  if (type.starts_with("response.") || string_member(root, "object") == "response") {
    return "OpenAI Responses";
  }
  if (type.starts_with("message") || type.starts_with("content_block_")) {
    return "Anthropic Messages";
  }
  if (member(root, "candidates")) return "Gemini";
  const auto done = member(root, "done");
  if (done && done->is_flag()) return "Ollama";
  return {};
}

}  // namespace

std::optional<ChatChunk> read_chunk(std::string_view data, ErrorCertainty certainty) {
  // Half of a character is not an error here: the next chunk may have the other half.
  const std::string text = surrogates_as_bytes(data);
  const auto read =
      read_json(text, {.depth_max = limits::json_depth_max, .takes_invalid_utf8 = true});
  if (!read) return {};
  const JsonNode root = read->root();

  ChatChunk chunk;
  chunk.error = error_in(root, certainty);
  if (!root.is_object()) return chunk.error ? std::optional(chunk) : std::nullopt;
  chunk.has_choices = root.find("choices").has_value();
  if (!chunk.has_choices) chunk.foreign = foreign_protocol(root);
  if (const auto choice = first_choice(root)) {
    read_choice(*choice, chunk);
    if (!chunk.error && member(*choice, "error")) {
      chunk.error = error_in(*choice, ErrorCertainty::chunk);
    }
  }
  if (chunk.has_delta) read_lists(root, chunk);
  chunk.model = valid_utf8(string_member(root, "model"));
  chunk.usage = usage_of(root);
  return chunk;
}

}  // namespace lockstep
