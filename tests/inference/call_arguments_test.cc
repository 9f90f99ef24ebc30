// SPDX-License-Identifier: Apache-2.0
#include "server/inference/call_arguments.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

TEST(CallArguments, ShowEachPieceAtOnceBehindTheFirstMember) {
  CallArguments arguments;

  EXPECT_EQ(arguments.feed("{"), "");
  EXPECT_EQ(arguments.feed("\"a"), "{\"a");
  EXPECT_EQ(arguments.feed("\":1"), "\":1");
  EXPECT_FALSE(arguments.whole());
  EXPECT_EQ(arguments.feed("}"), "}");
  EXPECT_TRUE(arguments.whole());
  EXPECT_EQ(arguments.finish(), "");
}

TEST(CallArguments, HoldAnEmptyObjectBackUntilTheCallEnds) {
  CallArguments arguments;

  EXPECT_EQ(arguments.feed("{}"), "");
  EXPECT_TRUE(arguments.whole());
  EXPECT_EQ(arguments.finish(), "{}");
}

// Law: the text does not depend on how it was cut, and a whole one is JSON.
TEST(CallArguments, OfAnyTextInAnyPiecesAreTheSame) {
  const std::string letters = R"({}{}[]"":,\a1 )";
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = random() % 2 == 0 ? "{" : R"({"a":1}{)";
    for (std::size_t left = random() % 12; left > 0; --left) {
      text += letters[random() % letters.size()];
    }
    CallArguments once;
    std::string whole = once.feed(text);
    whole += once.finish();

    CallArguments cut;
    std::string joined;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 4;
      joined += cut.feed(text.substr(at, size));
      at += size;
    }
    joined += cut.finish();

    ASSERT_EQ(joined, whole) << text;
    ASSERT_EQ(cut.whole(), once.whole()) << text;
    ASSERT_TRUE(!once.whole() || is_json_object(whole)) << text;
  }
}

}  // namespace
}  // namespace lockstep
