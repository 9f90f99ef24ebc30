// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/json.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(JsonValue, ComesOutAsItWentIn) {
  for (const char* text :
       {"null", "true", "[]", "{}", "0", "-0", "0.10", "1e400", "123456789012345678901234567890",
        "1E+2", R"("")", R"("a\"\\\n\u0001é🌕")", R"({"b":1,"a":[{},[],null,false]})",
        R"({"same":1,"same":2})"}) {
    const auto value = parse_json(text);

    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(to_text(*value), text);
  }
}

TEST(JsonValue, IsSpacedAndEscapedAsPythonDoes) {
  const auto value = parse_json(R"({"a":[1,2],"b":"é🌕\u007f\u0001/"})");

  EXPECT_EQ(to_text(*value, JsonStyle::spaced),
            "{\"a\": [1, 2], \"b\": \"\\u00e9\\ud83c\\udf15\x7f\\u0001/\"}");
}

TEST(JsonValue, InvalidJsonIsAnError) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\"}", "1 2", "nul", "\"\xff\"", "\"\\ud800\"",
                           "'a'", "// no\n1", "NaN"}) {
    const auto value = parse_json(text);

    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, "malformed");
  }
  EXPECT_FALSE(parse_json(std::string(100'000, '[')).has_value());
}

TEST(JsonValue, TheLastOfSeveralFieldsOfOneNameIsFound) {
  const auto value = parse_json(R"({"a":1,"a":2})");

  EXPECT_EQ(value->find("a")->text, "2");
  EXPECT_EQ(value->find("b"), nullptr);
}

}  // namespace
}  // namespace lockstep
