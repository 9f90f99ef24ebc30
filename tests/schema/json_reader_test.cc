// SPDX-License-Identifier: Apache-2.0
// JSON from outside: what the reader keeps and refuses, and the memory that it may use.
#include "schema/json/json_reader.h"

#include <gtest/gtest.h>

#include "schema/json/json_text.h"

namespace lockstep {
namespace {

constexpr JsonRules rules{.depth_max = 8};

std::string again(std::string_view text) {
  const auto read = read_json(text, rules);
  return read ? to_json(read->root()) : "refused: " + read.error().detail;
}

TEST(JsonReader, GivesBackTheSameText) {
  for (const std::string_view text :
       {R"({"a":[1,2,{"b":null}],"c":"x","d":{},"e":[],"f":true,"g":false})", "[]", "{}", "null",
        R"("é🌕\u0001\"\\")", R"([[[]],[[],[]]])"}) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(JsonReader, KeepsTheDigitsOfEveryNumber) {
  for (const std::string_view number :
       {"0", "-0", "1.0", "1e400", "-1e-400", "18446744073709551616",
        "123456789012345678901234567890", "0.1000000000000000055511151231257827", "1E+2"}) {
    EXPECT_EQ(again(number), number);
    EXPECT_EQ(again("[" + std::string(number) + ",1]"), "[" + std::string(number) + ",1]");
  }
}

TEST(JsonReader, FindsMembersAndIntegers) {
  const auto read = read_json(R"({"a":{"x":[1,2]},"b":-7,"c":1.0,"d":"7"})", rules);

  ASSERT_TRUE(read.has_value());
  const JsonNode root = read->root();
  EXPECT_EQ(root.find("b")->integer(), -7);
  EXPECT_EQ(root.find("b")->whole(), std::nullopt);
  EXPECT_EQ(root.find("c")->integer(), std::nullopt);
  EXPECT_EQ(root.find("d")->integer(), std::nullopt);
  EXPECT_EQ(root.find("a")->find("x")->size(), 2U);
  EXPECT_FALSE(root.find("x"));
  EXPECT_FALSE(root.find("b")->find("x"));
  EXPECT_TRUE(JsonNode().is_null());
}

struct Refused {
  std::string text;
  JsonRefusal::Kind kind;
  std::string path;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t at = 0; at < times; ++at) all += (at == 0 ? "" : ",") + std::string(text);
  return all;
}
std::string members(std::size_t count) {
  std::string all;
  for (std::size_t at = 0; at < count; ++at) {
    all += (at == 0 ? "\"" : ",\"") + std::to_string(at) + "\":0";
  }
  return all;
}

TEST(JsonReader, RefusesInvalidAndTooLargeJsonByItsPath) {
  using enum JsonRefusal::Kind;
  const std::vector<Refused> table{
      {"", malformed, ""},
      {"{", malformed, ""},
      {"{} {}", malformed, ""},
      {"01", malformed, ""},
      {"[1,]", malformed, ""},
      {"// x\n1", malformed, ""},
      {"\"\xff\"", malformed, ""},
      {R"("\ud800")", malformed, ""},
      {std::string(9, '[') + std::string(9, ']'), too_large, ""},
      {R"({"a":1,"a":2})", twin, "a"},
      {R"({"a":1,"\u0061":2})", twin, "a"},
      {R"({"x":[0,{"b":1,"c":2,"b":3}]})", twin, "x[1].b"},
      {"{\"x\":{" + members(20) + ",\"7\":1}}", twin, "x.7"},
      {"{\"x\":[{" + members(limits::json_members_max + 1) + "}]}", too_large, "x[0]"},
      {"{\"x\":[" + repeated("1", limits::json_elements_max + 1) + "]}", too_large, "x"},
      {"[" + repeated("[[],[],[],[]]", limits::json_nodes_max / 5 + 1) + "]", too_large, ""},
      {"{\"x\":{\"" + std::string(limits::json_name_bytes_max + 1, 'n') + "\":1}}", too_large, "x"},
  };

  for (const Refused& each : table) {
    const auto read = read_json(each.text, rules);

    ASSERT_FALSE(read.has_value()) << each.text.substr(0, 100);
    EXPECT_EQ(read.error().kind, each.kind) << each.text.substr(0, 100) << read.error().detail;
    EXPECT_EQ(read.error().path, each.path) << each.text.substr(0, 100);
  }
}

TEST(JsonReader, TakesATextJustWithinEachLimit) {
  const std::string long_name(limits::json_name_bytes_max, 'n');

  EXPECT_TRUE(read_json("{" + members(limits::json_members_max) + "}", rules));
  EXPECT_TRUE(read_json("[" + repeated("1", limits::json_elements_max) + "]", rules));
  EXPECT_TRUE(read_json("{\"" + long_name + "\":1}", rules));
  EXPECT_TRUE(read_json(std::string(8, '[') + std::string(8, ']'), rules));
}

TEST(JsonReader, HoldsNoMoreNodesThanItMayForAnyText) {
  for (const std::string_view flood : {"[]", "1", "{}", "{\"a\":1}", "\"\""}) {
    const auto read = read_json("[" + repeated(flood, 1'000'000) + "]",
                                {.depth_max = 8, .elements_max = 1'000'000});

    ASSERT_FALSE(read.has_value()) << flood;
    EXPECT_EQ(read.error().kind, JsonRefusal::Kind::too_large) << flood;
  }
}

TEST(JsonReader, TakesTwinsAndHalvesOfCharactersWhereItIsToldTo) {
  const auto twins = read_json(R"({"a":1,"a":2})", {.depth_max = 8, .takes_twins = true});
  const auto half = read_json("\"\xed\xa0\x80\"", {.depth_max = 8, .takes_invalid_utf8 = true});

  ASSERT_TRUE(twins && half);
  EXPECT_EQ(twins->root().find("a")->text(), "2");
  EXPECT_EQ(twins->root().size(), 2U);
  EXPECT_EQ(half->root().text(), "\xed\xa0\x80");
}

TEST(IsJsonObject, SaysItWithoutKeepingAnything) {
  EXPECT_TRUE(is_json_object(" {\"a\":[1e400]} \n", 8));
  EXPECT_TRUE(is_json_object("{" + members(limits::json_members_max + 1) + "}", 8));
  for (const std::string_view text : {"", " ", "[]", "{", "{}x", "{\"a\":01}", "null", "\"{}\""}) {
    EXPECT_FALSE(is_json_object(text, 8)) << text;
  }
  EXPECT_FALSE(is_json_object("{\"a\":" + std::string(8, '[') + std::string(8, ']') + "}", 8));
}

}  // namespace
}  // namespace lockstep
