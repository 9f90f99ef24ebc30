#include "server/inference/chat_chunk.h"

#include <boost/json.hpp>

#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

namespace json = boost::json;

// The first call of the old spelling, `function_call`, which had no index.
constexpr std::int64_t function_call_index = -1;

const json::value* member(const json::value& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const json::value* found =
      value.get_object().if_contains(json::string_view(key.data(), key.size()));
  return found && !found->is_null() ? found : nullptr;
}

std::string string_member(const json::value& value, std::string_view key) {
  const json::value* found = member(value, key);
  if (!found || !found->is_string()) return {};
  return std::string(found->get_string());
}

std::string error_of(const json::value& error) {
  if (error.is_string()) return valid_utf8(std::string_view(error.get_string()));
  std::string message = string_member(error, "message");
  if (message.empty()) message = json::serialize(error);
  return valid_utf8(message);
}

// A list of pieces or a plain string, as Mistral's `thinking` is.
std::string text_of_list(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  std::string text;
  if (!value.is_array()) return text;
  for (const json::value& element : value.get_array()) text += string_member(element, "text");
  return text;
}

void read_content(const json::value& content, ChatChunk& chunk) {
  if (content.is_string()) {
    chunk.text += std::string_view(content.get_string());
    return;
  }
  if (!content.is_array()) return;
  for (const json::value& element : content.get_array()) {
    if (element.is_string()) chunk.text += std::string_view(element.get_string());
    chunk.text += string_member(element, "text");
    const json::value* thinking = member(element, "thinking");
    if (thinking) chunk.reasoning += text_of_list(*thinking);
  }
}

// Some servers say the same under two names: the first that says anything counts.
std::string reasoning_of(const json::value& delta) {
  std::string text = string_member(delta, "reasoning_content");
  if (text.empty()) text = string_member(delta, "reasoning");
  const json::value* details = member(delta, "reasoning_details");
  if (!text.empty() || !details || !details->is_array()) return text;
  for (const json::value& detail : details->get_array()) {
    text += string_member(detail, "text");
    text += string_member(detail, "summary");
  }
  return text;
}

// The arguments are JSON text; some servers send the object itself.
std::string arguments_of(const json::value& function) {
  const json::value* arguments = member(function, "arguments");
  if (!arguments) return {};
  if (arguments->is_string()) return std::string(arguments->get_string());
  return json::serialize(*arguments);
}

CallPiece read_call(const json::value& call) {
  CallPiece piece;
  const json::value* index = member(call, "index");
  if (index && index->is_int64()) piece.index = index->get_int64();
  piece.id = valid_utf8(string_member(call, "id"));
  if (const json::value* function = member(call, "function")) {
    piece.name = valid_utf8(string_member(*function, "name"));
    piece.arguments = arguments_of(*function);
  }
  return piece;
}

void read_calls(const json::value& delta, ChatChunk& chunk) {
  const json::value* calls = member(delta, "tool_calls");
  if (calls && calls->is_array()) {
    for (const json::value& call : calls->get_array()) {
      if (call.is_object()) chunk.calls.push_back(read_call(call));
    }
  }
  const json::value* old = member(delta, "function_call");
  if (!old || !old->is_object()) return;
  chunk.calls.push_back({.index = function_call_index,
                         .id = {},
                         .name = valid_utf8(string_member(*old, "name")),
                         .arguments = arguments_of(*old)});
}

// Of several answers only the first: none other was asked for.
const json::value* first_choice(const json::value& root) {
  const json::value* choices = member(root, "choices");
  if (!choices || !choices->is_array()) return nullptr;
  for (const json::value& choice : choices->get_array()) {
    const json::value* index = member(choice, "index");
    if (!index || !index->is_int64() || index->get_int64() == 0) return &choice;
  }
  return nullptr;
}

void read_choice(const json::value& choice, ChatChunk& chunk) {
  chunk.finish_reason = valid_utf8(string_member(choice, "finish_reason"));
  const json::value* delta = member(choice, "delta");
  if (!delta) delta = member(choice, "message");  // an answer that was not streamed
  if (!delta) return;
  chunk.reasoning = reasoning_of(*delta);
  if (const json::value* content = member(*delta, "content")) read_content(*content, chunk);
  chunk.text += string_member(*delta, "refusal");
  read_calls(*delta, chunk);
}

std::optional<std::string> usage_of(const json::value& root) {
  const json::value* usage = member(root, "usage");
  if (!usage) {
    const json::value* groq = member(root, "x_groq");
    if (groq) usage = member(*groq, "usage");
  }
  if (!usage || !usage->is_object()) return {};
  return valid_utf8(json::serialize(*usage));
}

}  // namespace

std::optional<ChatChunk> read_chunk(std::string_view data) {
  // Halves of characters are no error here: the next chunk may bring the other half.
  const std::string text = surrogates_as_bytes(data);
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  options.allow_invalid_utf8 = true;
  json::error_code failure;
  const json::value root = json::parse(text, failure, {}, options);
  if (failure || !root.is_object()) return {};

  ChatChunk chunk;
  if (const json::value* error = member(root, "error")) chunk.error = error_of(*error);
  if (const json::value* choice = first_choice(root)) {
    read_choice(*choice, chunk);
    const json::value* error = member(*choice, "error");
    if (error && !chunk.error) chunk.error = error_of(*error);
  }
  chunk.usage = usage_of(root);
  return chunk;
}

}  // namespace lockstep
