// SPDX-License-Identifier: Apache-2.0
#include "engine/base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace lockstep {
namespace {

constexpr std::string_view mixed = "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80z";  // 1, 1, 1, 2, 1 units

TEST(Text, ACodePointBeyondTheFirstPlaneIsTwoUnits) { EXPECT_EQ(units_of(mixed), 6u); }

// Counts byte by byte: the first byte of a code point tells how many units it has.
Units units_by_the_book(std::string_view text) {
  Units units = 0;
  for (const char byte : text) {
    const auto lead = static_cast<unsigned char>(byte);
    if (lead < 0x80 || (lead >= 0xC0 && lead < 0xF0)) ++units;
    if (lead >= 0xF0) units += 2;
  }
  return units;
}

TEST(Text, IsMeasuredTheSameWhereverAWordOfEightBytesBegins) {
  constexpr std::array<std::string_view, 5> points = {"a", "\xC3\xA9", "\xE6\xBC\xA2",
                                                      "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
  std::mt19937 random(1);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    const std::size_t count = random() % 40;
    const std::size_t kinds = 1 + random() % points.size();
    for (std::size_t at = 0; at < count; ++at) text += points[random() % kinds];
    EXPECT_EQ(units_of(text), units_by_the_book(text)) << text;
    EXPECT_TRUE(is_utf8(text)) << text;
    if (text.empty()) continue;
    text[random() % text.size()] = '\xFF';  // not valid anywhere in UTF-8
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Text, AnOffsetIsFoundByUnits) {
  EXPECT_EQ(byte_at(mixed, 0, 6), 0u);
  EXPECT_EQ(byte_at(mixed, 2, 6), 3u);
  EXPECT_EQ(byte_at(mixed, 3, 6), 6u);
  EXPECT_EQ(byte_at(mixed, 5, 6), 10u);
  EXPECT_EQ(byte_at(mixed, 99, 6), mixed.size());
}

TEST(Text, AnOffsetInsideACodePointIsRoundedDown) {
  EXPECT_EQ(byte_at(mixed, 4, 6), 6u);
  EXPECT_EQ(round_down(mixed, 4, 6), 3u);
  EXPECT_EQ(round_down(mixed, 5, 6), 5u);
}

TEST(Text, AnOffsetInPlainAsciiIsAByte) { EXPECT_EQ(byte_at("hello", 3, 5), 3u); }

TEST(Text, TheFirstCodePointsAreWhole) { EXPECT_EQ(first_points(mixed, 4), mixed.substr(0, 10)); }

TEST(Text, WellFormedTextIsToldFromOther) {
  EXPECT_TRUE(is_utf8(mixed));
  EXPECT_TRUE(is_utf8(""));
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xFF", "a\xF0\x9F\x98"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace lockstep
