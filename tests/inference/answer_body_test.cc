// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_body.h"

#include <gtest/gtest.h>

#include <string>

namespace lockstep {
namespace {

TEST(AnswerBody, MediaTypesAreComparedWithoutCase) {
  EXPECT_EQ(body_kind_of(200, "Application/JSON; charset=utf-8"), BodyKind::whole);
  EXPECT_EQ(body_kind_of(200, " text/HTML ;x"), BodyKind::whole);
  EXPECT_EQ(body_kind_of(200, "Text/Event-Stream"), BodyKind::stream);
  EXPECT_EQ(body_kind_of(200, ""), BodyKind::stream);
  EXPECT_EQ(body_kind_of(500, "text/event-stream"), BodyKind::refusal);
}

TEST(AnswerBody, TheFirstBytesTellAStreamFromAWholeBody) {
  for (const std::string stream : {"data: {}",
                                   "\xEF\xBB\xBF"
                                   "data:",
                                   "\r\n\nevent: x", ": comment", "id:1", "error: {"}) {
    EXPECT_EQ(body_kind_of_start(stream), BodyKind::stream) << stream;
  }
  for (const std::string whole : {"{", " \n[", "\xEF\xBB\xBF{\"a\""}) {
    EXPECT_EQ(body_kind_of_start(whole), BodyKind::whole) << whole;
  }
  for (const std::string neither : {"", " ", "da", "<html>", "dada:"}) {
    EXPECT_EQ(body_kind_of_start(neither), std::nullopt) << neither;
  }
}

TEST(AnswerBody, MoreBytesMayTellWhatABeginningIs) {
  for (const std::string open : {"", "\n", "d", "data", "\xEF", "\xEF\xBB", "retr"}) {
    EXPECT_TRUE(is_start_open(open)) << open;
  }
  for (const std::string decided : {"<", "x", "dada", "data:", "{"}) {
    EXPECT_FALSE(is_start_open(decided) && !body_kind_of_start(decided)) << decided;
  }
}

TEST(AnswerBody, NamesACompressionThatWasNotAskedFor) {
  EXPECT_EQ(unread_coding(""), "");
  EXPECT_EQ(unread_coding("Identity"), "");
  EXPECT_EQ(unread_coding(" gzip "), "gzip");
  EXPECT_EQ(unread_coding("br"), "br");
}

}  // namespace
}  // namespace lockstep
