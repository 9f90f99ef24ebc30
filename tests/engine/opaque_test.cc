// SPDX-License-Identifier: Apache-2.0
// Opaque data of messages (engine/rules/opaque.h): what keeps it, and what drops it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/rules/diff.h"
#include "engine/rules/digest.h"
#include "engine/rules/opaque_limits.h"
#include "engine/rules/producer.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

OpaqueData sealed(std::optional<std::uint32_t> part, const std::string& word) {
  return {part, "server", Json{"\"" + word + "\""}};
}

EndMessage ended(const MessageId& id) { return {id, MessageStatus::complete, {}}; }

PutMessage put_of(const MessageId& id, Parts parts) {
  PutMessage put;
  put.id = id;
  put.parts = std::move(parts);
  return put;
}

// A run's open answer with a reasoning and a text.
struct Sealed : Story {
  MessageId a1{"a1"};
  Sealed() {
    start("r1", "u1", "hello");
    EXPECT_TRUE(steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                             StartPart{a1, {}, ReasoningPart{"let me think"}},
                             StartPart{a1, {}, TextPart{"so it is"}}}));
  }
  [[nodiscard]] const Message& answer() const { return state().message(a1)->message; }
  // The words of the data, by part; `-` is that of the whole.
  [[nodiscard]] std::string words() const {
    std::string words;
    for (const OpaqueData& data : answer().opaque) {
      words += (data.part ? std::to_string(*data.part) : "-") + data.value.text + " ";
    }
    return words;
  }
};

TEST(OpaqueData, IsKeptForEachPartAndForTheWhole) {
  Sealed story;

  story.steps("r1",
              {NoteOpaque{story.a1, sealed(1, "text")}, NoteOpaque{story.a1, sealed({}, "whole")},
               NoteOpaque{story.a1, sealed(0, "thought")}});

  EXPECT_EQ(story.words(), "-\"whole\" 0\"thought\" 1\"text\" ");
}

TEST(OpaqueData, OfAPartIsReplacedByALaterOne) {
  Sealed story;

  story.steps("r1",
              {NoteOpaque{story.a1, sealed(0, "one")}, NoteOpaque{story.a1, sealed(0, "two")}});

  EXPECT_EQ(story.words(), "0\"two\" ");
}

TEST(OpaqueData, ChangesNothingThatAFrontShows) {
  Sealed story;
  const Screen before = screen_of(story.state());
  const Hash hash = digest(story.answer(), {});

  story.steps("r1", {NoteOpaque{story.a1, sealed(0, "thought")}});

  Screen after = screen_of(story.state());
  after.now = before.now;
  EXPECT_EQ(after, before);
  EXPECT_EQ(digest(story.answer(), {}), hash);
}

TEST(OpaqueData, OfAPartThatIsNotThereIsRefused) {
  Sealed story;

  const auto refused = story.steps("r1", {NoteOpaque{story.a1, sealed(2, "later")}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "invalid");
}

TEST(OpaqueData, OfAMessageThatHasEndedIsRefused) {
  Sealed story;
  story.steps("r1", {ended(story.a1)});

  EXPECT_FALSE(story.steps("r1", {NoteOpaque{story.a1, sealed(0, "late")}}));
}

TEST(OpaqueData, IsBoundedForAMessageAsAWhole) {
  Sealed story;
  const std::string half(limits::opaque_bytes_max / 2, 'x');
  EXPECT_TRUE(story.steps("r1", {NoteOpaque{story.a1, sealed(0, half)}}));

  const auto refused = story.steps("r1", {NoteOpaque{story.a1, sealed(1, half)}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "too_large");
  // What it replaces does not count.
  EXPECT_TRUE(story.steps("r1", {NoteOpaque{story.a1, sealed(0, half)}}));
}

TEST(OpaqueData, StaysWhenTheMessageEnds) {
  Sealed story;
  story.steps("r1", {NoteOpaque{story.a1, sealed(0, "thought")},
                     NoteOpaque{story.a1, sealed({}, "whole")}, ended(story.a1), EndRun{}});

  EXPECT_EQ(story.words(), "-\"whole\" 0\"thought\" ");
}

TEST(OpaqueData, OfACutPartGoesAndThatOfTheWholeWithIt) {
  Sealed story;
  story.steps("r1",
              {NoteOpaque{story.a1, sealed(0, "thought")}, NoteOpaque{story.a1, sealed(1, "text")},
               NoteOpaque{story.a1, sealed({}, "whole")}});

  story.change(StopRun{.run = RunId("r1"), .shown = {{story.a1, 1, 2}}});

  EXPECT_EQ(*growing_text(story.answer().parts[1]), "so");
  EXPECT_EQ(story.words(), "0\"thought\" ");
}

TEST(OpaqueData, OfAPartThatIsPutAsItWasStays) {
  Sealed story;
  story.steps("r1",
              {NoteOpaque{story.a1, sealed(0, "thought")}, NoteOpaque{story.a1, sealed(1, "text")},
               NoteOpaque{story.a1, sealed({}, "whole")}, ended(story.a1), EndRun{}});

  story.change(put_of(story.a1, {ReasoningPart{"let me think"}, TextPart{"it is so"}}));

  EXPECT_EQ(story.words(), "0\"thought\" ");
}

TEST(OpaqueData, StaysWholeIfTheMessageIsPutAsItWas) {
  Sealed story;
  story.steps("r1", {NoteOpaque{story.a1, sealed(1, "text")},
                     NoteOpaque{story.a1, sealed({}, "whole")}, ended(story.a1), EndRun{}});

  story.change(put_of(story.a1, {ReasoningPart{"let me think"}, TextPart{"so it is"}}));

  EXPECT_EQ(story.words(), "-\"whole\" 1\"text\" ");
}

TEST(OpaqueData, GoesWithADeletedMessage) {
  Sealed story;
  story.steps("r1", {NoteOpaque{story.a1, sealed(0, "thought")}, ended(story.a1), EndRun{}});

  story.change(DeleteMessage{story.a1});

  EXPECT_EQ(story.words(), "");
}

TEST(OpaqueData, IsInTheContextOfALaterRun) {
  Sealed story;
  story.steps("r1", {NoteOpaque{story.a1, sealed(0, "thought")}, ended(story.a1), EndRun{}});
  story.start("r2", "u2", "and then?");

  const Context context =
      context_of(story.state(), story.state().run(RunId("r2"))->run, std::string());

  ASSERT_EQ(context.path.size(), 3u);
  EXPECT_EQ(context.path[1].opaque, story.answer().opaque);
  EXPECT_EQ(context.path[1].opaque.size(), 1u);
}

}  // namespace
}  // namespace lockstep::test
