// SPDX-License-Identifier: Apache-2.0
// `Past`: the state at an earlier timestamp, computed from the entries written since.
#include "engine/rules/past.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "engine/rules/fold.h"
#include "tests/support/given.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// A thread made of entries at 1, 2, 3, … that need not come from a decision.
class Told {
 public:
  // Returns the timestamp of the entry.
  Timestamp entry(std::vector<Event> events, std::vector<Ack> acks = {}) {
    Entry& entry = entries_.emplace_back();
    entry.at = Timestamp(state_.now.get() + 1);
    entry.previous = state_.now;
    entry.events = std::move(events);
    entry.acks = std::move(acks);
    if (entries_.size() == 1) entry.origin = Origin{tid("thread"), uid("ann")};
    fold(state_, entry);
    return entry.at;
  }
  [[nodiscard]] Past past(Timestamp since) const {
    std::vector<const Entry*> later;
    for (const Entry& entry : entries_) {
      if (entry.at > since) later.push_back(&entry);
    }
    return past_since(state_, later, since);
  }
  [[nodiscard]] MessagePast past_of(const std::string& id, Timestamp since) const {
    return past(since).of(*state_.message(mid(id)));
  }

 private:
  ThreadState state_;
  std::deque<Entry> entries_;
};

Event put_of(const std::string& id, Parts parts) {
  Message message;
  message.id = mid(id);
  message.parts = std::move(parts);
  return MessagePut{std::move(message)};
}

using Lengths = std::vector<Units>;

// --- Lengths -------------------------------------------------------------------------------------

TEST(Past, AMessageThatNoEntryNamesIsNowAsItWas) {
  Told told;
  told.entry({put_of("m", {TextPart{"one"}, FilePart{"file:x", {}, {}}, TextPart{"three"}})});
  const Timestamp then = told.entry({put_of("other", {TextPart{"text"}})});
  told.entry({ContentAppended{mid("other"), 0, 4, " and more"}});

  const MessagePast past = told.past_of("m", then);

  EXPECT_EQ(past.parts, 3u);
  EXPECT_EQ(past.least, (Lengths{3, 0, 5}));
  for (std::uint32_t part = 0; part < 4; ++part) EXPECT_FALSE(past.touched(part)) << part;
}

TEST(Past, APartWasAsLongAsWhereItsFirstAppendSinceBegins) {
  Told told;
  const Timestamp one = told.entry({put_of("m", {TextPart{"one"}})});
  const Timestamp two = told.entry({ContentAppended{mid("m"), 0, 3, " two"}});
  const Timestamp three = told.entry({ContentAppended{mid("m"), 0, 7, " three"}});

  EXPECT_EQ(told.past_of("m", one).least, (Lengths{3}));
  EXPECT_EQ(told.past_of("m", two).least, (Lengths{7}));
  EXPECT_EQ(told.past_of("m", three).least, (Lengths{13}));
  EXPECT_TRUE(told.past_of("m", two).touched(0));
  EXPECT_FALSE(told.past_of("m", three).touched(0));
}

TEST(Past, LengthsAreInUtf16Units) {
  Told told;
  const Timestamp then = told.entry({put_of("m", {TextPart{"\U0001F600é"}})});
  told.entry({ContentAppended{mid("m"), 0, 3, "x"}});

  EXPECT_EQ(told.past_of("m", then).least, (Lengths{3}));
}

TEST(Past, AnAppendToOnePartLeavesTheLengthsOfTheOthers) {
  Told told;
  const Timestamp then =
      told.entry({put_of("m", {TextPart{"one"}, TextPart{"two!"}, TextPart{"three"}})});
  told.entry({ContentAppended{mid("m"), 1, 4, " and more"}});

  const MessagePast past = told.past_of("m", then);

  EXPECT_EQ(past.least, (Lengths{3, 4, 5}));
  EXPECT_FALSE(past.touched(0));
  EXPECT_TRUE(past.touched(1));
  EXPECT_FALSE(past.touched(2));
}

TEST(Past, APartThatStartedSinceWasNotThere) {
  Told told;
  const Timestamp one = told.entry({put_of("m", {TextPart{"one"}})});
  const Timestamp two = told.entry({PartStarted{mid("m"), 1, ToolCallPart{"c", "look", "{"}}});
  told.entry({ContentAppended{mid("m"), 1, 1, "}"}, PartStarted{mid("m"), 2, TextPart{"three"}}});

  EXPECT_EQ(told.past_of("m", one).parts, 1u);
  EXPECT_EQ(told.past_of("m", one).least, (Lengths{3}));
  EXPECT_FALSE(told.past_of("m", one).touched(1));
  EXPECT_EQ(told.past_of("m", two).parts, 2u);
  EXPECT_EQ(told.past_of("m", two).least, (Lengths{3, 1}));
  EXPECT_TRUE(told.past_of("m", two).touched(1));
}

TEST(Past, ACutLeavesNoMoreThanItKept) {
  Told told;
  const Timestamp one = told.entry({put_of("m", {TextPart{"one"}, TextPart{"two"}})});
  const Timestamp two = told.entry({ContentAppended{mid("m"), 1, 3, " and three"}});
  const Timestamp cut = told.entry({MessageCut{mid("m"), {2, 5}}});

  EXPECT_EQ(told.past_of("m", one).least, (Lengths{2, 3}));
  EXPECT_EQ(told.past_of("m", two).least, (Lengths{2, 5}));
  EXPECT_TRUE(told.past_of("m", two).touched(0));
  EXPECT_EQ(told.past_of("m", cut).least, (Lengths{2, 5}));
  EXPECT_FALSE(told.past_of("m", cut).touched(0));
}

TEST(Past, APartThatACutRemovedIsNotThereSince) {
  Told told;
  const Timestamp then = told.entry({put_of("m", {TextPart{"one"}, TextPart{"two"}})});
  const Timestamp cut = told.entry({MessageCut{mid("m"), {3}}});
  told.entry({PartStarted{mid("m"), 1, TextPart{"another"}}});

  EXPECT_EQ(told.past_of("m", then).parts, 1u);
  EXPECT_EQ(told.past_of("m", then).least, (Lengths{3}));
  EXPECT_EQ(told.past_of("m", cut).parts, 1u);
}

// The part was shorter in between than at either end, and a front may hold any state in between.
TEST(Past, TheLeastLengthOfACutAndALaterGrowthCounts) {
  Told told;
  const Timestamp one = told.entry({put_of("m", {TextPart{"one"}})});
  const Timestamp two = told.entry({ContentAppended{mid("m"), 0, 3, " two"}});
  const Timestamp cut = told.entry({MessageCut{mid("m"), {2}}});
  const Timestamp grown = told.entry({ContentAppended{mid("m"), 0, 2, " and more"}});
  told.entry({ContentAppended{mid("m"), 0, 11, "!"}});

  EXPECT_EQ(told.past_of("m", one).least, (Lengths{2}));
  EXPECT_EQ(told.past_of("m", two).least, (Lengths{2}));
  EXPECT_EQ(told.past_of("m", cut).least, (Lengths{2}));
  EXPECT_EQ(told.past_of("m", grown).least, (Lengths{11}));
}

TEST(Past, ADeletedMessageHasNoPartLeft) {
  Told told;
  const Timestamp then = told.entry({put_of("m", {TextPart{"one"}}), put_of("n", {TextPart{"x"}})});
  told.entry({ContentAppended{mid("m"), 0, 3, " two"}});
  told.entry({MessageDeleted{mid("m")}});

  EXPECT_EQ(told.past_of("m", then).parts, 0u);
  EXPECT_TRUE(told.past_of("m", then).least.empty());
  EXPECT_EQ(told.past_of("n", then).least, (Lengths{1}));
}

TEST(Past, TheLengthsOfAStreamAreThoseOfTheStateThen) {
  Story story;
  story.start("r1", "u1", "hello");
  std::vector<Timestamp> seen{story.now()};
  const auto step = [&](decltype(Step::what) what) {
    ASSERT_TRUE(story.steps("r1", {std::move(what)}));
    seen.push_back(story.now());
  };
  step(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  for (const char* word : {"one ", "two ", "three"}) step(AppendContent{mid("a1"), 0, word});
  step(StartPart{mid("a1"), {}, ToolCallPart{"c1", "look", ""}});
  for (const char* text : {"{\"q\"", ":1}"}) step(AppendContent{mid("a1"), 1, text});
  step(EndMessage{mid("a1"), MessageStatus::complete, {}});

  for (const Timestamp since : seen) {
    SCOPED_TRACE(since.get());
    const ThreadState then = story.state_at(since);
    const MessageState* row = then.message(mid("a1"));
    if (!row) continue;
    const MessagePast past = story.past(since).of(*story.state().message(mid("a1")));
    EXPECT_EQ(past.parts, row->message.parts.size());
    EXPECT_EQ(past.least, row->lengths);
  }
}

// --- The head ------------------------------------------------------------------------------------

TEST(Past, TheHeadIsWhereTheFirstMoveSinceFoundIt) {
  Told told;
  const Timestamp none = told.entry({put_of("m", {}), put_of("n", {})});
  const Timestamp first = told.entry({HeadMoved{mid("m"), {}}});
  const Timestamp second =
      told.entry({HeadMoved{mid("n"), mid("m")}, HeadMoved{{}, mid("n")}, HeadMoved{mid("n"), {}}});
  const Timestamp quiet = told.entry({ThreadUpdated{"a title", {}, {}}});

  EXPECT_EQ(told.past(none).head, std::nullopt);
  EXPECT_EQ(told.past(first).head, mid("m"));
  EXPECT_EQ(told.past(second).head, mid("n"));
  EXPECT_EQ(told.past(quiet).head, mid("n"));
  EXPECT_EQ(told.past(quiet).since, quiet);
}

// --- The author of each change -------------------------------------------------------------------

struct Changes : Story {
  Timestamp before;
  Changes() {
    Story::put("m", "hello");
    before = now();
  }
  void put_by(const char* user, const char* device, std::optional<std::uint64_t> op) {
    const Change change = change_of(test::put("m", "text " + std::to_string(now().get())), op);
    EXPECT_TRUE(say({uid(user), DeviceId(device), {}, {}, {change}}).front().applied);
  }
  [[nodiscard]] Author author() const { return past(before).changed.at(mid("m")); }
};

const Author ann_on_phone{{uid("ann"), DeviceId("phone")}};

TEST(Past, TheDeviceThatChangedAMessageIsItsAuthorHoweverOftenItDidSo) {
  Changes story;
  story.put_by("ann", "phone", 1);
  EXPECT_EQ(story.author(), ann_on_phone);

  story.put_by("ann", "phone", 2);

  EXPECT_EQ(story.author(), ann_on_phone);
}

TEST(Past, AMessageThatTwoDevicesChangedHasNoAuthor) {
  for (const auto& [user, device] : {std::pair("ann", "laptop"), std::pair("bob", "phone")}) {
    SCOPED_TRACE(std::string(user) + "'s " + device);
    Changes story;
    story.put_by("ann", "phone", 1);
    story.put_by(user, device, 2);
    EXPECT_EQ(story.author(), std::nullopt);

    story.put_by("ann", "phone", 3);

    EXPECT_EQ(story.author(), std::nullopt);
  }
}

TEST(Past, AChangeWithoutAnOpHasNoAuthor) {
  Changes story;
  story.put_by("ann", "phone", {});
  EXPECT_EQ(story.author(), std::nullopt);

  story.put_by("ann", "phone", 1);

  EXPECT_EQ(story.author(), std::nullopt);
}

TEST(Past, AMessageChangedBeforeIsNotChangedSince) {
  Changes story;
  story.put_by("ann", "phone", 1);

  EXPECT_TRUE(story.past(story.now()).changed.empty());
}

TEST(Past, ARunsTextAndItsEndAreNoChange) {
  const auto ends = std::vector<std::pair<const char*, void (*)(Story&)>>{
      {"a crash", [](Story& it) { it.crash(); }},
      {"its producer", [](Story& it) { it.steps("r1", {EndRun{RunStatus::failed, {}, {}}}); }},
  };
  for (const auto& [who, end] : ends) {
    SCOPED_TRACE(who);
    Story story;
    story.start("r1", "u1", "hello");
    story.steps("r1", {OpenMessage{mid("a1"), {}, Role::assistant, {}}});
    const Timestamp opened = story.now();
    story.steps("r1", {AppendContent{mid("a1"), 0, "one"},
                       StartPart{mid("a1"), {}, ToolCallPart{"c1", "look", "{"}}});
    end(story);
    ASSERT_EQ(story.message("a1").parts.size(), 1u);  // half a call is cut away

    EXPECT_TRUE(story.past(opened).changed.empty());
  }
}

TEST(Past, AStopThatCutsIsAChangeOfItsDevice) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{mid("a1"), {}, Role::assistant, {}},
                     AppendContent{mid("a1"), 0, "one two"}});
  const Timestamp seen = story.now();

  story.change(StopRun{rid("r1"), {shown("a1", 0, 3)}}, seen, Op(1));

  ASSERT_EQ(story.text("a1"), "one");
  const Past past = story.past(seen);
  ASSERT_EQ(past.changed.size(), 1u);
  EXPECT_EQ(past.changed.at(mid("a1")), ann_on_phone);
}

TEST(Past, AMessageIsChangedByAnotherUnlessTheDeviceItselfChangedIt) {
  Past past;
  past.changed = {{mid("mine"), ann_on_phone}, {mid("unnamed"), std::nullopt}};
  const UserId ann = uid("ann");
  const DeviceId phone("phone");
  const std::vector mine{mid("mine"), mid("untouched")};
  const std::vector mixed{mid("untouched"), mid("mine"), mid("unnamed")};

  EXPECT_FALSE(past.changed_by_another(mine, ann, phone));
  EXPECT_TRUE(past.changed_by_another(mixed, ann, phone));
  EXPECT_TRUE(past.changed_by_another(mine, ann, DeviceId("laptop")));
  EXPECT_TRUE(past.changed_by_another(mine, uid("bob"), phone));
  EXPECT_TRUE(past.changed_by_another(mine, ann, std::nullopt));
  EXPECT_FALSE(past.changed_by_another(std::vector{mid("untouched")}, ann, std::nullopt));
  EXPECT_FALSE(past.changed_by_another({}, ann, phone));
}

// --- One more entry ------------------------------------------------------------------------------

TEST(Past, AnEntryThatIsBeingDecidedBoundsLengthsAndNothingElse) {
  Told told;
  const Timestamp then =
      told.entry({put_of("m", {TextPart{"one"}, TextPart{"two"}}), HeadMoved{mid("m"), {}}});
  told.entry({put_of("n", {}), HeadMoved{mid("n"), mid("m")}});
  Past past = told.past(then);
  const auto changed = past.changed;
  Entry next;
  next.events = {MessageCut{mid("m"), {2, 3}}, HeadMoved{{}, mid("n")},
                 put_of("n", {TextPart{"new"}})};

  extend(past, next);

  EXPECT_EQ(past.head, mid("m"));
  EXPECT_EQ(past.changed, changed);
  EXPECT_EQ(past.messages.at(mid("m")).least, (Lengths{2, 3}));
  EXPECT_EQ(past.messages.at(mid("m")).parts, 2u);
}

TEST(Past, AnEntryThatIsBeingDecidedNeverLengthensTheFormerText) {
  Told told;
  const Timestamp then = told.entry({put_of("m", {TextPart{"one"}})});
  told.entry({MessageCut{mid("m"), {2}}});
  Past past = told.past(then);
  Entry next;
  next.events = {ContentAppended{mid("m"), 0, 2, "x"}, ContentAppended{mid("m"), 0, 3, "y"},
                 PartStarted{mid("m"), 1, TextPart{"z"}}};

  extend(past, next);

  EXPECT_EQ(past.messages.at(mid("m")).least, (Lengths{2}));
  EXPECT_EQ(past.messages.at(mid("m")).parts, 1u);
}

}  // namespace
}  // namespace lockstep::test
