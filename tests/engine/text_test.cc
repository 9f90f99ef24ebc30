// SPDX-License-Identifier: Apache-2.0
#include "engine/text.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr std::string_view mixed = "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80z";  // 1, 1, 1, 2, 1 units

TEST(Text, ACodePointBeyondTheFirstPlaneIsTwoUnits) { EXPECT_EQ(units_of(mixed), 6u); }

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

TEST(Text, OfPlainAsciiAnOffsetIsAByte) { EXPECT_EQ(byte_at("hello", 3, 5), 3u); }

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
