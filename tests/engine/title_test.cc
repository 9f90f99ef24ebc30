// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/title.h"

#include <gtest/gtest.h>

#include <string>

namespace lockstep {
namespace {

// As many letters as leave room for `points` more.
std::string room_for(std::size_t points) { return std::string(80 - points, 'x'); }

TEST(DefaultTitle, IsTheBeginningOfTheText) {
  EXPECT_EQ(default_title("Why is the sky blue?"), "Why is the sky blue?");
  EXPECT_EQ(default_title(std::string(81, 'x')), std::string(80, 'x'));
  EXPECT_EQ(default_title(std::string(80, 'x')), std::string(80, 'x'));
}

TEST(DefaultTitle, IsCutAtTheEndOfAGrapheme) {
  const std::string flag = "\U0001F1E9\U0001F1EA";
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";
  const std::string accent = "e\u0301";

  EXPECT_EQ(default_title(room_for(1) + flag), room_for(1));
  EXPECT_EQ(default_title(room_for(2) + flag), room_for(2) + flag);
  EXPECT_EQ(default_title(room_for(3) + family), room_for(3));
  EXPECT_EQ(default_title(room_for(5) + family), room_for(5) + family);
  EXPECT_EQ(default_title(room_for(1) + accent), room_for(1));
  EXPECT_EQ(default_title(room_for(2) + accent), room_for(2) + accent);
  EXPECT_EQ(default_title(room_for(4) + flag + flag + flag), room_for(4) + flag + flag);
}

TEST(DefaultTitle, OfOneEndlessGraphemeIsItsFirstPoints) {
  std::string tower = "a";
  for (int mark = 0; mark < 100; ++mark) tower += "\u0301";

  EXPECT_EQ(default_title(tower), tower.substr(0, 1 + 2 * 79));
}

TEST(DefaultTitle, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ(default_title("\n\n  one\r\n\ttwo \u2028 three\u00A0four \n"), "one two three four");
  EXPECT_EQ(default_title(std::string("a\0b\x1b]0;c\x07\x7f\u009bd", 14)), "a b ]0;c d");
}

TEST(DefaultTitle, LeavesTheDirectionOfOtherTitlesAlone) {
  EXPECT_EQ(default_title("\u202Eabc\u202C \u2066def\u2069"), "abc def");
  EXPECT_EQ(default_title("a\u200Db\u200Ec\u200Fd"), "a\u200Db\u200Ec\u200Fd")
      << "joiners and marks";
}

TEST(DefaultTitle, OfATextWithNothingToShowIsEmpty) {
  EXPECT_EQ(default_title(""), "");
  EXPECT_EQ(default_title(" \n\t\r\n \u202E\x01"), "");
}

TEST(DefaultTitle, HasNoSpaceAtItsCut) {
  EXPECT_EQ(default_title(room_for(1) + " more"), room_for(1));
  EXPECT_EQ(default_title(room_for(0) + " more"), room_for(0));
}

}  // namespace
}  // namespace lockstep
