// SPDX-License-Identifier: Apache-2.0
// decoded.h: chunks of Chat Completions for a test, and what the decoder makes of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/inference/openai_codec.h"
#include "tests/inference/written.h"

namespace lockstep {

// The chunks, then the end of the stream.
inline Written decode(const std::vector<std::string>& chunks, const Redactor& redactor = {},
                      ThinkTags think_tags = ThinkTags::off) {
  ChatDecoder decoder(RunId("r1"), redactor, think_tags);
  Written written;
  for (const std::string& chunk : chunks) written.take(decoder.take(chunk));
  written.take(decoder.end());
  EXPECT_TRUE(decoder.ended());
  return written;
}

inline std::string delta(const std::string& fields) {
  return R"({"choices":[{"index":0,"delta":{)" + fields + R"(},"finish_reason":null}]})";
}
inline std::string content(const std::string& json_text) {
  return delta(R"("content":)" + json_text);
}
inline std::string calls(const std::string& pieces) {
  return delta(R"("tool_calls":[)" + pieces + "]");
}
inline std::string finish(const std::string& reason) {
  return R"({"choices":[{"index":0,"delta":{},"finish_reason":")" + reason + R"("}]})";
}

}  // namespace lockstep
