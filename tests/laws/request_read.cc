// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/request_read.h"

#include <utility>

namespace lockstep::test {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

namespace {

void read_content(const json::object& message, std::size_t at, Read& read) {
  const json::value& content = message.at("content");
  if (content.is_string()) {
    if (content.as_string().empty()) read.wrong = "a content is empty";
    read.contents.push_back({std::string(content.as_string()), at});
  } else if (content.is_array()) {
    for (const json::value& piece : content.as_array()) {
      const json::object& object = piece.as_object();
      std::string piece_text = text_of(object, "type") == "text"
                                   ? text_of(object, "text")
                                   : "image " + text_of(object.at("image_url").as_object(), "url");
      read.contents.push_back({std::move(piece_text), at});
    }
  } else if (!message.contains("tool_calls")) {
    read.wrong = "a message has neither content nor calls";
  }
}

// Reads a message that is not a result. Its calls wait for their results, in order.
void read_message(const json::object& message, std::size_t at, const RequestSettings& settings,
                  Read& read) {
  read_content(message, at, read);
  const std::string reasoning = text_of(message, settings.reasoning_field);
  if (!reasoning.empty()) read.reasoning.push_back({reasoning, at});
  const json::value* calls = message.if_contains("tool_calls");
  if (!calls) return;
  if (text_of(message, "role") != "assistant") read.wrong = "a call is not an assistant's";
  if (settings.reasoning != ReasoningBack::never && !message.contains(settings.reasoning_field)) {
    read.wrong = "a turn with calls has no reasoning";
  }
  for (const json::value& call : calls->as_array()) {
    const json::object& function = call.at("function").as_object();
    read.calls.push_back({text_of(call.as_object(), "id"),
                          text_of(function, "name"),
                          text_of(function, "arguments"),
                          {},
                          at,
                          0});
  }
}

}  // namespace

Read read_request(const std::string& body, const RequestSettings& settings) {
  Read read;
  const json::value request = json::parse(body);
  std::size_t answered = 0;
  std::size_t at = 0;
  for (const json::value& each : request.at("messages").as_array()) {
    const json::object& message = each.as_object();
    ++at;
    const std::string role = text_of(message, "role");
    if (role == "tool") {
      if (answered == read.calls.size()) return {.wrong = "a result has no call before it"};
      Answered& call = read.calls[answered++];
      if (call.id != text_of(message, "tool_call_id")) read.wrong = "a result is not its call's";
      call.result = text_of(message, "content");
      call.result_at = at;
    } else {
      if (answered != read.calls.size()) read.wrong = "a call has no result behind it";
      const bool split = settings.join && role == read.last_role;
      if (split) read.wrong = "two neighbours have the role " + role;
      read_message(message, at, settings, read);
    }
    read.last_role = role;
    if (!read.wrong.empty()) return read;
  }
  if (answered != read.calls.size()) read.wrong = "the last call has no result behind it";
  return read;
}

}  // namespace lockstep::test
