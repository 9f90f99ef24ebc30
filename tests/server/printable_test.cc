// SPDX-License-Identifier: Apache-2.0
#include "server/base/printable.h"

#include <gtest/gtest.h>

#include <string>

#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

TEST(Printable, LeavesControlCharactersOut) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07"
                      "c\x7f"
                      "d\u009b2Je\u0080f\u009fg"),
            "a[2Jbcd2Jefg");
  EXPECT_EQ(printable("one\ntwo\tthree\r\n"), "one\ntwo\tthree\n");
}

TEST(Printable, ShowsDirectionOverridesAndIsolatesAsEscapes) {
  EXPECT_EQ(printable("a\u202Ab\u202Ec\u2066d\u2069e"), "a\\u202ab\\u202ec\\u2066d\\u2069e");
}

TEST(Printable, LeavesOtherTextAsItIs) {
  for (const char* text :
       {"", "plain", "été 漢字 😀", "\u00A0\u200D\u200E\u200F\u2029\u2065\u206A"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, ShowsThatAByteIsNotText) {
  EXPECT_EQ(printable("a\x9b"
                      "b\xC3"),
            "a\uFFFDb\uFFFD");
}

TEST(OneLine, IsCutAtItsLengthAndSaysSo) {
  EXPECT_EQ(one_line("one\ntwo", 20), "one two");
  EXPECT_EQ(one_line("éééé", 3), "ééé…");
}

TEST(PrintableJson, SaysTheSameWithoutACharacterThatAScreenObeys) {
  const std::string json = "{\"a\":\"x\u009b\u202E\x7f\u2066y\u200D漢\"}";

  const std::string shown = printable_json(json);

  EXPECT_EQ(shown, "{\"a\":\"x\\u009b\\u202e\\u007f\\u2066y\u200D漢\"}");
  const auto text_in = [](const std::string& text) {
    const auto read = read_json(text, {.depth_max = 4});
    return std::string(read->root().find("a")->text());
  };
  EXPECT_EQ(text_in(shown), text_in(json));
}

TEST(PrintableJson, IsUtf8ForAnyInput) {
  EXPECT_EQ(printable_json("\"a\x9b"
                           "b\""),
            "\"a\uFFFDb\"");
}

}  // namespace
}  // namespace lockstep
