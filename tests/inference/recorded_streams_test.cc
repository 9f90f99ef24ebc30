// SPDX-License-Identifier: Apache-2.0
// Streams recorded from real providers, one chunk a line: the agent must write the content that
// they hold. The test has its own reader, which finds that content by joining strings.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "server/inference/openai_codec.h"
#include "server/inference/sse_parser.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Held {
  std::string text;
  std::string reasoning;
  std::map<int, std::string> call_names;
  std::map<int, std::string> call_arguments;
  json::value usage;
  std::string finish;
};

std::string string_at(const json::object& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->value().is_string()) return "";
  return std::string(found->value().as_string());
}

void hold_content(const json::value& content, Held& held) {
  if (content.is_string()) held.text += content.as_string().c_str();
  if (!content.is_array()) return;
  for (const json::value& piece : content.as_array()) {
    if (piece.at("type") == "text") held.text += piece.at("text").as_string().c_str();
    if (piece.at("type") != "thinking") continue;
    for (const json::value& thought : piece.at("thinking").as_array()) {
      held.reasoning += thought.at("text").as_string().c_str();
    }
  }
}

void hold_delta(const json::object& delta, Held& held) {
  held.reasoning += string_at(delta, "reasoning_content") + string_at(delta, "reasoning");
  if (delta.contains("content")) hold_content(delta.at("content"), held);
  if (!delta.contains("tool_calls")) return;
  for (const json::value& call : delta.at("tool_calls").as_array()) {
    const json::object& object = call.as_object();
    const int index =
        object.contains("index") ? static_cast<int>(object.at("index").as_int64()) : 0;
    const json::object& function = object.at("function").as_object();
    held.call_names[index] += string_at(function, "name");
    held.call_arguments[index] += string_at(function, "arguments");
  }
}

Held held_by(const std::vector<std::string>& lines) {
  Held held;
  for (const std::string& line : lines) {
    const json::value chunk = json::parse(line);
    for (const json::value& choice : chunk.at("choices").as_array()) {
      hold_delta(choice.at("delta").as_object(), held);
      const std::string finish = string_at(choice.as_object(), "finish_reason");
      if (!finish.empty()) held.finish = finish;
    }
    const auto& object = chunk.as_object();
    if (object.contains("usage") && object.at("usage").is_object()) held.usage = object.at("usage");
  }
  return held;
}

fs::path data_folder() {
  const char* named = std::getenv("LOCKSTEP_SHARED_DATA");
  const fs::path root = named ? fs::path(named) : fs::path(LOCKSTEP_SOURCE_DIR) / "../shared/data";
  return root / "upstream/openai-chat";
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

// Sizes of the pieces, over and over.
Written decode(const std::string& bytes, const std::vector<std::size_t>& sizes) {
  SseParser parser(1 << 20);
  ChatDecoder decoder(RunId("r1"));
  Written written;
  std::size_t round = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = sizes[round++ % sizes.size()];
    for (const ServerSentEvent& event : parser.feed(std::string_view(bytes).substr(at, size))) {
      written.take(decoder.take(event.data));
    }
    at += size;
  }
  written.take(decoder.end());
  return written;
}

void expect_held(const Written& written, const Held& held) {
  ASSERT_EQ(written.messages.size(), 1u);
  EXPECT_EQ(written.text(), held.text);
  EXPECT_EQ(written.reasoning(), held.reasoning);
  const std::vector<ToolCallPart> calls = written.calls();
  ASSERT_EQ(calls.size(), held.call_names.size());
  for (const ToolCallPart& call : calls) {
    const int index = static_cast<int>(&call - calls.data());
    EXPECT_EQ(call.name, held.call_names.at(index));
    EXPECT_EQ(call.arguments, held.call_arguments.at(index));
    EXPECT_FALSE(call.id.empty());
  }
  ASSERT_TRUE(written.end);
  EXPECT_EQ(written.end->status, RunStatus::completed);
  ASSERT_TRUE(written.messages[0].usage);
  EXPECT_EQ(json::parse(written.messages[0].usage->text), held.usage);
}

TEST(RecordedStreams, ComeOutAsTheirTextReasoningAndCallsInAnyChunking) {
  const fs::path folder = data_folder();
  if (!fs::exists(folder)) GTEST_SKIP() << "no recorded streams at " << folder;
  std::size_t files = 0;
  std::size_t bytes_seen = 0;
  std::mt19937 random(3);

  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().filename().string());
    const std::vector<std::string> lines = lines_of(file.path());
    const Held held = held_by(lines);
    ASSERT_FALSE(held.text.empty() && held.call_names.empty());
    std::string bytes;
    for (const std::string& line : lines)
      bytes += "data: " + line + (files % 2 ? "\n\n" : "\r\n\r\n");
    bytes += "data: [DONE]\n\n";

    expect_held(decode(bytes, {bytes.size()}), held);
    expect_held(decode(bytes, {1}), held);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::size_t> sizes;
      for (int i = 0; i < 50; ++i) sizes.push_back(1 + random() % (1u << (1 + random() % 12)));
      expect_held(decode(bytes, sizes), held);
      if (HasFailure()) FAIL() << "round " << round;
    }
    ++files;
    bytes_seen += bytes.size();
  }

  EXPECT_GE(files, 9u);
  RecordProperty("bytes", static_cast<int>(bytes_seen));
}

TEST(RecordedStreams, CutAnywhereTheyAreInterruptedAndKeepTheReceivedText) {
  const fs::path folder = data_folder();
  if (!fs::exists(folder)) GTEST_SKIP() << "no recorded streams at " << folder;
  const std::vector<std::string> lines = lines_of(folder / "deepseek-tool-call.chunks.txt");
  const Held held = held_by(lines);
  ASSERT_GT(lines.size(), 10u);

  for (std::size_t kept = 0; kept + 1 < lines.size(); ++kept) {
    ChatDecoder decoder(RunId("r1"));
    Written written;
    for (std::size_t i = 0; i < kept; ++i) written.take(decoder.take(lines[i]));
    written.take(decoder.end());

    const Held before = held_by({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(kept)});
    ASSERT_TRUE(written.end);
    EXPECT_EQ(written.end->status, RunStatus::interrupted);
    EXPECT_EQ(written.reasoning(), before.reasoning);
    EXPECT_EQ(written.text(), before.text);
  }
}

}  // namespace
}  // namespace lockstep
