// SPDX-License-Identifier: Apache-2.0
#include "server/inference/demo_text.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"

namespace lockstep {
namespace {

std::vector<Message> path_of(const std::string& text) {
  Message message;
  message.id = MessageId("u");
  message.parts = {TextPart{text}};
  return {message};
}

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

TEST(DemoText, IsTheSameForTheSamePathAndQuotesTheUser) {
  const std::string text = joined(demo_tokens(path_of("Why is\nthe sky blue?"), "", {}));

  EXPECT_EQ(text, joined(demo_tokens(path_of("Why is\nthe sky blue?"), "", {})));
  EXPECT_NE(text.find("> Why is the sky blue?\n"), std::string::npos);
  EXPECT_NE(text, joined(demo_tokens(path_of("Why?"), "", {})));
  EXPECT_NE(text, joined(demo_tokens(path_of("Why is\nthe sky blue?"), "ada", {})));
}

TEST(DemoText, CountsOneAsOne) {
  const std::string one = joined(demo_tokens(path_of("Why?"), "", {}));
  EXPECT_NE(one.find("That is 1 word, in a conversation of 1 message so far."), std::string::npos);

  const std::string two = joined(demo_tokens(path_of("Why not?"), "", {}));
  EXPECT_NE(two.find("That is 2 words, in a conversation of 1 message"), std::string::npos);
}

TEST(DemoText, HasAsManyTokensAsAreAskedFor) {
  for (const std::size_t tokens : {1u, 7u, 2000u}) {
    EXPECT_EQ(demo_tokens(path_of("x"), "", tokens).size(), tokens);
  }
  const std::size_t usual = demo_tokens(path_of("x"), "", {}).size();
  EXPECT_GT(usual, 100u);
  EXPECT_LT(usual, 400u);
}

TEST(DemoText, IsValidUtf8WhereverALongQuotationIsCut) {
  std::string said;
  for (int i = 0; i < 300; ++i) said += i % 3 ? "\xF0\x9F\x8E\xB5" : "\xC3\xA9";

  for (const std::string& token : demo_tokens(path_of(said), "", {})) {
    EXPECT_TRUE(is_utf8(token));
    EXPECT_FALSE(token.empty());
  }
}

}  // namespace
}  // namespace lockstep
