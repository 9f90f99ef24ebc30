// SPDX-License-Identifier: Apache-2.0
#include "server/inference/utf8_repair.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "engine/base/text.h"

namespace lockstep {
namespace {

const std::string note = "\xF0\x9F\x8E\xB5";  // U+1F3B5
const std::string high = "\xED\xA0\xBC";      // its first half, U+D83C
const std::string low = "\xED\xBE\xB5";       // its second half, U+DFB5
const std::string lost = "\xEF\xBF\xBD";      // U+FFFD

TEST(Utf8Repair, LeavesValidTextAsItIs) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC" + note + "\xF4\x8F\xBF\xBF";

  EXPECT_EQ(valid_utf8(text), text);
}

TEST(Utf8Repair, ReplacesBytesThatAreNoCharacter) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a" + lost + "b");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), lost + lost);                        // overlong
  EXPECT_EQ(valid_utf8("\xE0\x80\x80"), lost + lost + lost);             // overlong
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), lost + lost + lost + lost);  // above U+10FFFF
  EXPECT_EQ(valid_utf8("\x80"), lost);
  EXPECT_EQ(valid_utf8("\xE2\x82"), lost);
  EXPECT_EQ(valid_utf8("\xE2\x82z"), lost + "z");
}

TEST(Utf8Repair, JoinsACharacterThatWasCut) {
  Utf8Repair repair;

  EXPECT_EQ(repair.feed("a\xF0\x9F"), "a");
  EXPECT_EQ(repair.feed("\x8E"), "");
  EXPECT_EQ(repair.feed("\xB5z"), note + "z");
  EXPECT_EQ(repair.finish(), "");
}

TEST(Utf8Repair, JoinsTheHalvesOfAPair) {
  Utf8Repair repair;

  EXPECT_EQ(repair.feed("a" + high), "a");
  EXPECT_EQ(repair.feed(low + "z"), note + "z");
}

TEST(Utf8Repair, ReplacesAHalfThatStaysAlone) {
  EXPECT_EQ(valid_utf8(high + "z"), lost + "z");
  EXPECT_EQ(valid_utf8(low + "z"), lost + "z");
  EXPECT_EQ(valid_utf8(high + high + low), lost + note);
  EXPECT_EQ(valid_utf8(high), lost);
  EXPECT_EQ(valid_utf8(high + "\xED"), lost + lost);
}

TEST(Utf8Repair, TheResultDoesNotDependOnHowTheTextIsCut) {
  const std::string alphabet[] = {"a",    note,       high,       low,    "\xC3", "\xA9",
                                  "\xED", "\xF0\x9F", "\xE2\x82", "\xFF", "\xBE"};
  std::mt19937 random(2);

  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (int i = 0; i < 8; ++i) text += alphabet[random() % std::size(alphabet)];
    Utf8Repair repair;
    std::string pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 4;
      const std::string piece = repair.feed(text.substr(at, size));
      ASSERT_TRUE(is_utf8(piece));
      pieces += piece;
      at += size;
    }
    pieces += repair.finish();

    ASSERT_EQ(pieces, valid_utf8(text));
    ASSERT_TRUE(is_utf8(pieces));
  }
}

TEST(SurrogatesAsBytes, TouchesOnlyEscapesOfHalvesThatStandAlone) {
  EXPECT_EQ(surrogates_as_bytes(R"("a\ud83c\udfb5b")"), R"("a\ud83c\udfb5b")");
  EXPECT_EQ(surrogates_as_bytes(R"("a\ud83cb")"), "\"a" + high + "b\"");
  EXPECT_EQ(surrogates_as_bytes(R"("\udfb5\ud83c")"), "\"" + low + high + "\"");
  EXPECT_EQ(surrogates_as_bytes(R"("\\ud83c")"), R"("\\ud83c")");
  EXPECT_EQ(surrogates_as_bytes(R"("\u00e9\n\"")"), R"("\u00e9\n\"")");
  EXPECT_EQ(surrogates_as_bytes("\"\\"), "\"\\");
  EXPECT_EQ(surrogates_as_bytes("\"\\ud8"), "\"\\ud8");
}

}  // namespace
}  // namespace lockstep
