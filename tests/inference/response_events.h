// SPDX-License-Identifier: Apache-2.0
// response_events.h: events of OpenAI Responses for a test, and what the decoder makes of them.
//
// No stream of the API was recorded: these are made by hand after the events in its reference.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/inference/responses_codec.h"
#include "tests/inference/written.h"

namespace lockstep {

inline constexpr const char* test_origin = "openai-responses https://api.openai.com gpt";

// The events, then the end of the stream.
inline Written respond(const std::vector<std::string>& events, const Redactor& redactor = {}) {
  ResponsesDecoder decoder(RunId("r1"), redactor, test_origin);
  Written written;
  for (const std::string& event : events) written.take(decoder.take(event));
  written.take(decoder.end());
  EXPECT_TRUE(decoder.ended());
  return written;
}

// `fields` begins with a comma if there are any.
inline std::string event(const std::string& type, const std::string& fields) {
  return R"({"type":"response.)" + type + R"(","sequence_number":1)" + fields + "}";
}
inline std::string at(int output, const std::string& id) {
  return R"(,"output_index":)" + std::to_string(output) + R"(,"item_id":")" + id + '"';
}
inline std::string added(int output, const std::string& item) {
  return event("output_item.added",
               R"(,"output_index":)" + std::to_string(output) + R"(,"item":)" + item);
}
inline std::string done(int output, const std::string& item) {
  return event("output_item.done",
               R"(,"output_index":)" + std::to_string(output) + R"(,"item":)" + item);
}

// A text is a JSON string, with its quotes.
inline std::string message_item(const std::string& id, const std::string& text,
                                const std::string& annotations = "[]",
                                const std::string& status = "completed") {
  return R"({"id":")" + id + R"(","type":"message","status":")" + status +
         R"(","content":[{"type":"output_text","annotations":)" + annotations +
         R"(,"logprobs":[],"text":)" + text + R"(}],"role":"assistant"})";
}
inline std::string reasoning_item(const std::string& id, const std::vector<std::string>& summaries,
                                  const std::string& encrypted) {
  std::string list;
  for (const std::string& summary : summaries) {
    if (!list.empty()) list += ',';
    list += R"({"type":"summary_text","text":)" + summary + "}";
  }
  return R"({"id":")" + id + R"(","type":"reasoning","encrypted_content":")" + encrypted +
         R"(","summary":[)" + list + "]}";
}
inline std::string call_item(const std::string& id, const std::string& call,
                             const std::string& name, const std::string& arguments,
                             const std::string& status = "completed") {
  return R"({"id":")" + id + R"(","type":"function_call","status":")" + status +
         R"(","arguments":)" + arguments + R"(,"call_id":")" + call + R"(","name":")" + name +
         R"("})";
}

inline std::string text_delta(int output, const std::string& id, const std::string& text) {
  return event("output_text.delta", at(output, id) + R"(,"content_index":0,"delta":)" + text);
}
inline std::string summary_delta(int output, const std::string& id, int summary,
                                 const std::string& text) {
  return event("reasoning_summary_text.delta", at(output, id) + R"(,"summary_index":)" +
                                                   std::to_string(summary) + R"(,"delta":)" + text);
}
inline std::string arguments_delta(int output, const std::string& id, const std::string& text) {
  return event("function_call_arguments.delta", at(output, id) + R"(,"delta":)" + text);
}

// The whole answer. `output`: items, with commas.
inline std::string response(const std::string& status, const std::string& output,
                            const std::string& more = "") {
  return R"({"id":"resp_1","object":"response","status":")" + status +
         R"(","model":"gpt-5-2026-01-01","output":[)" + output + "]" + more + "}";
}
inline std::string created() {
  return event("created", R"(,"response":)" + response("in_progress", ""));
}
inline std::string completed(const std::string& output = "", const std::string& more = "") {
  return event("completed", R"(,"response":)" + response("completed", output, more));
}

}  // namespace lockstep
