// SPDX-License-Identifier: Apache-2.0
// Streams recorded from Anthropic's API, one event a line. The test has its own reader, which finds
// the content by joining strings.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "server/inference/anthropic_codec.h"
#include "server/inference/sse_parser.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

using Lines = std::vector<std::string>;

// A file may hold several answers.
std::vector<Lines> answers_in(const fs::path& file) {
  std::ifstream in(file);
  std::vector<Lines> answers;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (line.find(R"("message_start")") != std::string::npos) answers.emplace_back();
    if (!answers.empty()) answers.back().push_back(line);
  }
  return answers;
}

fs::path data_folder() {
  const char* named = std::getenv("LOCKSTEP_SHARED_DATA");
  const fs::path root = named ? fs::path(named) : fs::path(LOCKSTEP_SOURCE_DIR) / "../shared/data";
  return root / "upstream/anthropic-messages";
}

struct Held {
  std::string text;
  std::string shape;  // of the parts
  std::size_t citations = 0;
  std::vector<json::value> inputs;  // of calls
  std::vector<json::value> others;  // whole blocks
};

void hold_block(json::object block, const std::string& input, Held& held) {
  const std::string type(block.at("type").as_string());
  if (!input.empty()) block["input"] = json::parse(input);
  held.shape += held.shape.empty() ? "" : " ";
  if (type == "text") {
    held.shape += "text";
    held.text += block.at("text").as_string().c_str();
    const auto* citations = block.if_contains("citations");
    if (citations && citations->is_array() && !citations->as_array().empty()) {
      held.shape += " data";
      held.citations += citations->as_array().size();
    }
  } else if (type == "tool_use") {
    held.shape += "call";
    held.inputs.push_back(block.at("input"));
  } else {
    held.shape += "data";
    held.others.emplace_back(block);
  }
}

Held held_by(const Lines& lines) {
  Held held;
  json::object block;
  std::string input;
  for (const std::string& line : lines) {
    const json::value event = json::parse(line);
    const auto& type = event.at("type").as_string();
    if (type == "message_start") {
      for (const json::value& each : event.at("message").at("content").as_array()) {
        hold_block(each.as_object(), "", held);
      }
    } else if (type == "content_block_start") {
      block = event.at("content_block").as_object();
      input.clear();
    } else if (type == "content_block_delta") {
      const json::object& delta = event.at("delta").as_object();
      if (const auto* text = delta.if_contains("text")) {
        block["text"] = std::string(block["text"].as_string()) + text->as_string().c_str();
      }
      if (const auto* piece = delta.if_contains("partial_json"))
        input += piece->as_string().c_str();
      if (const auto* more = delta.if_contains("citation")) {
        block["citations"].as_array().push_back(*more);
      }
      if (const auto* content = delta.if_contains("content")) block["content"] = *content;
    } else if (type == "content_block_stop") {
      hold_block(block, input, held);
    }
  }
  return held;
}

// Sizes of the pieces, over and over.
Written decode(const std::string& bytes, const std::vector<std::size_t>& sizes) {
  SseParser parser(4 << 20);
  AnthropicDecoder decoder(RunId("r1"), "o");
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

std::string bytes_of(const Lines& lines) {
  std::string bytes;
  for (const std::string& line : lines) {
    const std::string type(json::parse(line).at("type").as_string());
    bytes += "event: " + type + "\ndata: " + line + "\n\n";
  }
  return bytes;
}

void expect_held(const Written& written, const Held& held) {
  ASSERT_EQ(written.messages.size(), 1u);
  EXPECT_EQ(written.text(), held.text);
  EXPECT_EQ(written.shape(), held.shape);
  const std::vector<ToolCallPart> calls = written.calls();
  ASSERT_EQ(calls.size(), held.inputs.size());
  for (std::size_t at = 0; at < calls.size(); ++at) {
    EXPECT_EQ(json::parse(calls[at].arguments), held.inputs[at]);
  }
  std::size_t citations = 0;
  std::vector<json::value> others;
  for (const OpaqueData& data : written.messages[0].opaque) {
    const json::value value = json::parse(data.value.text);
    if (const auto* cited = value.as_object().if_contains("citations")) {
      citations += cited->as_array().size();
    }
    if (value.as_object().contains("type")) others.push_back(value);
  }
  EXPECT_EQ(citations, held.citations);
  EXPECT_EQ(others, held.others);
  ASSERT_TRUE(written.end);
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_TRUE(written.end->usage);
}

TEST(AnthropicStreams, ComeOutAsTheirBlocksInAnyChunking) {
  const fs::path folder = data_folder();
  if (!fs::exists(folder)) GTEST_SKIP() << "no recorded streams at " << folder;
  std::size_t answers = 0;
  std::mt19937 random(5);

  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().filename().string());
    for (const Lines& lines : answers_in(file.path())) {
      ++answers;
      const Held held = held_by(lines);
      const std::string bytes = bytes_of(lines);
      expect_held(decode(bytes, {bytes.size()}), held);
      expect_held(decode(bytes, {1}), held);
      for (int round = 0; round < 20; ++round) {
        std::vector<std::size_t> sizes;
        for (int i = 0; i < 50; ++i) sizes.push_back(1 + random() % (1u << (1 + random() % 12)));
        expect_held(decode(bytes, sizes), held);
        if (HasFailure()) FAIL() << "round " << round;
      }
    }
  }
  EXPECT_GE(answers, 5u);
}

TEST(AnthropicStreams, CutAnywhereKeepTheTextAndWholeBlocks) {
  const fs::path folder = data_folder();
  if (!fs::exists(folder)) GTEST_SKIP() << "no recorded streams at " << folder;
  const Lines lines = answers_in(folder / "anthropic-web-search-tool.1.chunks.txt").at(0);
  for (std::size_t kept = 1; kept + 2 < lines.size(); ++kept) {
    AnthropicDecoder decoder(RunId("r1"), "o");
    Written written;
    for (std::size_t i = 0; i < kept; ++i) written.take(decoder.take(lines[i]));
    written.take(decoder.end());
    ASSERT_TRUE(written.end);
    EXPECT_EQ(written.end->status, RunStatus::interrupted);
  }
}

}  // namespace
}  // namespace lockstep
