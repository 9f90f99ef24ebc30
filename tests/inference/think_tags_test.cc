// SPDX-License-Identifier: Apache-2.0
#include "server/inference/think_tags.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "schema/json/json_text.h"
#include "tests/inference/decoded.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

// What a splitter makes of a text that comes in these pieces.
struct Split {
  std::string reasoning{};
  std::string text{};
  friend bool operator==(const Split&, const Split&) = default;
};

void PrintTo(const Split& split, std::ostream* out) {
  *out << "reasoning \"" << split.reasoning << "\", text \"" << split.text << '"';
}

Split split(ThinkTags tags, const std::vector<std::string>& pieces) {
  ThinkSplitter splitter(tags);
  Split told;
  const auto take = [&told](const std::vector<ThinkSplitter::Piece>& given) {
    for (const auto& [reasoning, text] : given) {
      EXPECT_FALSE(text.empty());
      EXPECT_TRUE(!reasoning || told.text.empty()) << "reasoning behind text: " << text;
      (reasoning ? told.reasoning : told.text) += text;
    }
  };
  for (const std::string& piece : pieces) take(splitter.feed(piece));
  take(splitter.flush());
  return told;
}

Split on(const std::string& text) { return split(ThinkTags::on, {text}); }
Split open(const std::string& text) { return split(ThinkTags::open, {text}); }

TEST(ThinkTags, SplitReasoningOffTheStartOfAText) {
  EXPECT_EQ(on("<think>hm</think>So"), (Split{"hm", "So"}));
  EXPECT_EQ(on("\n<think>\nhm\n</think>\n\nSo\n"), (Split{"hm\n", "So\n"}));
  EXPECT_EQ(on("<think>hm</think>"), (Split{"hm", ""}));
}

TEST(ThinkTags, AreTextElsewhere) {
  for (const std::string text :
       {"So <think>hm</think>", "`<think>`", "</think>So", "<thinking>hm</thinking>", "<", "<thin",
        "  <thin", "\n\nSo", " ", "< think>", "<Think>hm</Think>"}) {
    EXPECT_EQ(on(text), (Split{"", text}));
  }
  EXPECT_EQ(on("<think>a</think>b<think>c</think>"), (Split{"a", "b<think>c</think>"}));
  EXPECT_EQ(on("<think>a</think></think>b"), (Split{"a", "</think>b"}));
}

TEST(ThinkTags, ThatAreNeverClosedMakeAllReasoning) {
  EXPECT_EQ(on("<think>hm"), (Split{"hm", ""}));
  EXPECT_EQ(on("<think>hm</thin"), (Split{"hm</thin", ""}));
  EXPECT_EQ(on("<think>"), (Split{}));
}

TEST(ThinkTags, AroundNothingLeaveNothing) {
  EXPECT_EQ(on("<think>\n\n</think>\n\nSo"), (Split{"", "So"}));
}

TEST(ThinkTags, MayBeOpenAtTheStart) {
  EXPECT_EQ(open("hm</think>\n\nSo"), (Split{"hm", "So"}));
  EXPECT_EQ(open("\n<think>\nhm</think>So"), (Split{"hm", "So"}));
  EXPECT_EQ(open("</think>So"), (Split{"", "So"}));
  EXPECT_EQ(open("hm"), (Split{"hm", ""}));
  EXPECT_EQ(open(" <thi"), (Split{"<thi", ""}));
  EXPECT_EQ(open(" \n"), (Split{}));
}

TEST(ThinkTags, AreLeftAloneUnlessTheSettingsSplitThem) {
  EXPECT_EQ(split(ThinkTags::off, {"<think>hm</think>So"}), (Split{"", "<think>hm</think>So"}));
}

TEST(ThinkTags, HoldBackOnlySomeWhiteSpace) {
  ThinkSplitter splitter(ThinkTags::on);
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    for (const auto& piece : splitter.feed(" ")) told += piece.text.size();
  }
  EXPECT_EQ(told, 1000u);
}

// --- A law ---------------------------------------------------------------------------------------

std::vector<std::string> cut(const std::string& text, std::mt19937& random) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = 1 + random() % 9;
    pieces.push_back(text.substr(at, bytes));
    at += bytes;
  }
  return pieces;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> words = {"<think>", "</think>", "<",    "/",   "think",
                                                 ">",       "</",       "<thi", "nk>", " ",
                                                 "\n",      "a",        "é",    "🦊"};
  std::string text;
  for (auto left = random() % 12; left > 0; --left) text += words[random() % words.size()];
  return text;
}

TEST(ThinkTagsLaw, SplitATextInOneWayHoweverItIsCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = random_text(random);
    for (const ThinkTags tags : {ThinkTags::off, ThinkTags::on, ThinkTags::open}) {
      ASSERT_EQ(split(tags, cut(text, random)), split(tags, {text})) << text;
    }
  }
}

// The same by another way: with the whole text at hand.
Split expected(std::string text, bool is_open) {
  const auto without_blanks = [](std::string_view all) {
    return std::string(all.substr(std::min(all.find_first_not_of(" \n"), all.size())));
  };
  const std::string trimmed = without_blanks(text);
  const bool tagged = trimmed.starts_with("<think>");
  if (!tagged && !is_open) return {"", text};
  text = tagged ? without_blanks(trimmed.substr(7)) : trimmed;
  const std::size_t end = text.find("</think>");
  if (end == std::string::npos) return {text, ""};
  return {text.substr(0, end), without_blanks(text.substr(end + 8))};
}

TEST(ThinkTagsLaw, SplitATextAtItsFirstTags) {
  std::mt19937 random(8);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = random_text(random);
    ASSERT_EQ(on(text), expected(text, false)) << text;
    ASSERT_EQ(open(text), expected(text, true)) << text;
  }
}

// --- In a stream ---------------------------------------------------------------------------------

std::string said(const std::string& text) { return content(json_string(text)); }

Written decode_with_tags(const std::vector<std::string>& chunks) {
  return decode(chunks, {}, ThinkTags::on);
}

TEST(ThinkTags, OfAStreamBecomeAPartOfReasoning) {
  const Written written = decode_with_tags(
      {said("<th"), said("ink>\nh"), said("m</"), said("think>\n"), said("\nSo"), finish("stop")});

  EXPECT_EQ(written.shape(), "reasoning text");
  EXPECT_EQ(written.reasoning(), "hm");
  EXPECT_EQ(written.text(), "So");
}

TEST(ThinkTags, OfAWholeBodyBecomeAPartOfReasoning) {
  ChatDecoder decoder(RunId("r1"), {}, ThinkTags::on);
  Written written;
  written.take(decoder.take_whole(
      R"({"choices":[{"message":{"content":"<think>hm</think>So"},"finish_reason":"stop"}]})"));

  EXPECT_EQ(written.shape(), "reasoning text");
}

TEST(ThinkTags, EndBeforeACall) {
  const std::string call =
      calls(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{}"}})");

  EXPECT_EQ(decode_with_tags({said("<think>hm</think>\n"), call, finish("tool_calls")}).shape(),
            "reasoning call");
  const Written begun = decode_with_tags({said("<thi"), call, said("so"), finish("tool_calls")});
  EXPECT_EQ(begun.shape(), "text call text");
  EXPECT_EQ(begun.text(), "<thiso");
}

TEST(ThinkTags, AreNotSaidAgainByALastChunkThatRepeatsAll) {
  const std::string all = R"({"choices":[{"message":{"content":"<thi"},"finish_reason":"stop"}]})";

  EXPECT_EQ(decode_with_tags({said("<thi"), all}).text(), "<thi");
}

TEST(ThinkTags, StandNextToReasoningOfAMember) {
  const Written written = decode_with_tags(
      {delta(R"("reasoning_content":"first")"), said("<think>then</think>So"), finish("stop")});

  EXPECT_EQ(written.reasoning(), "firstthen");
  EXPECT_EQ(written.text(), "So");
}

}  // namespace
}  // namespace lockstep
