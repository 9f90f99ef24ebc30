// SPDX-License-Identifier: Apache-2.0
#include "server/base/log_line.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

// Characters that a terminal obeys: C0, DEL, C1, a byte that is C1 to a terminal without UTF-8, and
// those that turn the direction of text.
constexpr std::array<std::string_view, 9> obeyed{"\x1b",   "\x07",   "\x7f",   "\u0080", "\u009b",
                                                 "\u202A", "\u202E", "\u2066", "\u2069"};

std::string line_of(LineLog::Style style, std::string_view value) {
  testing::internal::CaptureStderr();
  LineLog(LineLog::Level::error, style).error("run_failed", {{"detail", value}});
  return testing::internal::GetCapturedStderr();
}

std::string detail_in(const std::string& line) {
  const auto read = read_json(line, {.depth_max = 4});
  return read ? std::string(read->root().find("detail")->text()) : "no JSON: " + line;
}

TEST(LogLine, HoldsNothingThatATerminalObeys) {
  for (const std::string_view one : obeyed) {
    for (const std::string& value :
         {"x" + std::string(one) + "y", "x " + std::string(one) + " y"}) {
      for (const auto style : {LineLog::Style::text, LineLog::Style::json}) {
        const std::string line = line_of(style, value);

        EXPECT_EQ(line.find(one), std::string::npos) << line;
      }
    }
  }
}

TEST(LogLine, IsOneLineInUtf8ForAnyTextOfAModelServer) {
  const std::string line = line_of(LineLog::Style::json,
                                   "a\x9b"
                                   "b\n\r\u2028c");

  EXPECT_EQ(detail_in(line), "a\uFFFDb\n\r\u2028c");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(LogLine, LosesNothingInJson) {
  std::string all;
  for (const std::string_view one : obeyed) all += one;

  EXPECT_EQ(detail_in(line_of(LineLog::Style::json, all)), all);
}

TEST(LogLine, LeavesJoinersAndMarksAsTheyAre) {
  const std::string kept = "\u200D\u200E\u200Fété漢字😀";

  EXPECT_NE(line_of(LineLog::Style::text, kept).find("detail=" + kept), std::string::npos);
  EXPECT_NE(line_of(LineLog::Style::json, kept).find(kept), std::string::npos);
}

}  // namespace
}  // namespace lockstep
