// SPDX-License-Identifier: Apache-2.0
// A JSON answer, taken in pieces.
#include "server/codec/json_pieces.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "schema/json/json_text.h"
#include "server/base/limits.h"

namespace lockstep {
namespace {

constexpr std::size_t long_bytes = 3 * limits::text_apart_bytes;

// Words of all kinds of bytes: plain, with escapes, beyond ASCII.
std::string words(std::mt19937& random, std::size_t bytes) {
  constexpr std::array<std::string_view, 7> some = {
      "plain words ", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x98\x80"};
  std::string text;
  while (text.size() < bytes) text += some[random() % some.size()];
  return text;
}

std::size_t some_length(std::mt19937& random) {
  return random() % 3 == 0 ? random() % long_bytes : random() % 40;
}

Part some_part(std::mt19937& random) {
  const std::string text = words(random, some_length(random));
  switch (random() % 6) {
    case 0:
      return TextPart{text};
    case 1:
      return ReasoningPart{text};
    case 2:
      return ToolCallPart{"c1", "f", text};
    case 3:
      return ToolResultPart{"c1", text};
    case 4:
      return FilePart{text, "text/plain", "a name"};
    default:
      std::string json;
      append_text(json, text);
      return DataPart{"data", {json}};
  }
}

MessageChange some_change(std::mt19937& random) {
  if (random() % 3 == 0) {
    Growth growth;
    growth.id = MessageId("m1");
    growth.status = MessageStatus::open;
    growth.updated = Timestamp(6);
    growth.grow.emplace_back(PartGrowth{0, 7, words(random, some_length(random))});
    growth.grow.emplace_back(PartValue{1, some_part(random)});
    growth.parts = 2;
    return growth;
  }
  Message message;
  message.id = MessageId("m1");
  const std::size_t parts = random() % 4;
  for (std::size_t part = 0; part < parts; ++part)
    message.parts.edit().push_back(some_part(random));
  std::string metadata = "{\"a\":";
  append_text(metadata, words(random, some_length(random)));
  message.metadata = Json{metadata += '}'};
  return SharedMessage(std::move(message));
}

TEST(AnAnswerInPieces, IsTheSameTextHoweverItIsTaken) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<MessageChange> changes;
    for (std::size_t count = random() % 5; count > 0; --count)
      changes.push_back(some_change(random));
    std::string whole = "[";
    for (const MessageChange& change : changes) {
      if (whole.size() > 1) whole += ',';
      append_change(whole, change);
    }
    whole += ']';

    JsonPieces pieces;
    pieces.add(std::string("["));
    pieces.add(std::move(changes));
    pieces.add(std::string("]"));
    std::string taken;
    const std::size_t most = 1 + random() % (round % 2 == 0 ? 16 : 2 * long_bytes);
    for (bool all = false; !all;) {
      const std::size_t before = taken.size();
      all = pieces.next(taken, most);
      ASSERT_LE(taken.size() - before, most + escape_bytes_max) << "more than was asked for";
      ASSERT_TRUE(all || taken.size() > before) << "nothing came";
    }
    ASSERT_EQ(taken, whole);
  }
}

TEST(AnAnswerInPieces, HoldsALongMessageOnlyWhereTheStateHasIt) {
  Message message;
  message.id = MessageId("m1");
  message.parts = {TextPart{std::string(100 * long_bytes, '"')}};
  JsonPieces pieces;
  pieces.add(std::vector<SharedMessage>{SharedMessage(std::move(message))});
  std::string out;
  ASSERT_FALSE(pieces.next(out, long_bytes));
  EXPECT_LT(pieces.held(), limits::text_apart_bytes);
}

}  // namespace
}  // namespace lockstep
