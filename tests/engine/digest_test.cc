// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/digest.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

Message message(const std::string& id, Role role, std::vector<Part> parts) {
  Message made;
  made.id = MessageId(id);
  made.role = role;
  made.parts = std::move(parts);
  return made;
}

// The hex values were computed from docs/protocol.md, "Digest", by another program.
TEST(Digest, IsOfTheWholePath) {
  const std::vector<Message> path{
      message("u1", Role::user, {TextPart{"h\xC3\xA9llo"}}),
      message("a1", Role::assistant,
              {ReasoningPart{"hm"}, ToolCallPart{"c1", "look", "{}"}, ToolResultPart{"c1", "x"}})};

  EXPECT_EQ(to_hex(*path_digest(std::span(path).first(1))),
            "c08632b4135dc4861c59eb576e02b6393d6d4498fe6a6a0f5f96e552c2a6eeef");
  EXPECT_EQ(to_hex(*path_digest(path)),
            "9e2590f8aee724a52f2f255d90dedcfd167aef32cc9ea9ef75d477bd49b1b69a");
}

TEST(Digest, AnEmptyPathHasNoDigest) { EXPECT_FALSE(path_digest({})); }

TEST(Digest, LengthsKeepNeighboursApart) {
  const Message one = message("m", Role::user, {TextPart{"ab"}, TextPart{"c"}});
  const Message other = message("m", Role::user, {TextPart{"a"}, TextPart{"bc"}});

  EXPECT_NE(digest(one, {}), digest(other, {}));
}

}  // namespace
}  // namespace lockstep
