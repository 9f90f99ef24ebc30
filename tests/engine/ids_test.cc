// SPDX-License-Identifier: Apache-2.0
#include "engine/base/ids.h"

#include <gtest/gtest.h>

#include "engine/base/time.h"

namespace lockstep {
namespace {

class Counting : public Random {
 public:
  std::uint64_t next() override { return ++count_ * 0x9E3779B97F4A7C15; }

 private:
  std::uint64_t count_ = 0;
};

TEST(Ids, OnlyCharactersThatAUrlNeedNotEscapeMakeAnId) {
  for (const std::string& good :
       {std::string("a"), std::string("A-z_0.9:x"), std::string("..."), std::string(128, 'x')}) {
    EXPECT_TRUE(is_id(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("\xC3\xA9"), std::string(129, 'x'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_id(bad)) << bad;
  }
}

TEST(Ids, ACursorReadsBackAsWritten) {
  const Cursor cursor{Timestamp(1'234'567), Epoch(0x0123456789abcdef)};

  EXPECT_EQ(to_string(cursor), "1234567@0123456789abcdef");
  EXPECT_EQ(parse_cursor(to_string(cursor)), cursor);
}

TEST(Ids, AnInvalidCursorIsRefused) {
  for (const char* bad : {"", "@", "1@", "@0123456789abcdef", "1@0123456789abcde",
                          "1@0123456789abcdeF", "-1@0123456789abcdef", "01@0123456789abcdef",
                          "1@0123456789abcdef ", "99999999999999999999@0123456789abcdef"}) {
    EXPECT_FALSE(parse_cursor(bad)) << bad;
  }
}

TEST(Ids, AnIdMadeByTheServerIsSortedByItsTime) {
  Counting random;

  const std::string earlier = make_id(Timestamp(1'700'000'000'000'000), random);
  const std::string later = make_id(Timestamp(1'700'000'000'001'000), random);

  EXPECT_EQ(earlier.size(), 26u);
  EXPECT_TRUE(is_id(earlier));
  EXPECT_LT(earlier, later);
}

TEST(Ids, TheNextTimestampIsLaterThoughTheClockGoesBack) {
  EXPECT_EQ(next_timestamp(Timestamp(10), Timestamp(20)), Timestamp(20));
  EXPECT_EQ(next_timestamp(Timestamp(10), Timestamp(10)), Timestamp(11));
  EXPECT_EQ(next_timestamp(Timestamp(10), Timestamp(3)), Timestamp(11));
}

}  // namespace
}  // namespace lockstep
