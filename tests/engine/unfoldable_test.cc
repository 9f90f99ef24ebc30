// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/rules/fold.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

Entry entry_at(const ThreadState& state, Timestamp at) {
  Entry entry;
  entry.previous = state.now;
  entry.at = at;
  entry.events = {ContentAppended{MessageId("m.live"), 0, 4, " upon"}};
  return entry;
}

TEST(Unfoldable, AnEntryRightAfterTheStateIsNot) {
  const ThreadState state = small_state();

  EXPECT_EQ(unfoldable(state, entry_at(state, Timestamp(state.now.get() + 1))), "");
}

TEST(Unfoldable, AnEntryOfAnEventThatCouldNotHaveHappenedIs) {
  const ThreadState state = small_state();
  const Timestamp next(state.now.get() + 1);
  const MessageId live("m.live");
  const MessageId gone("m.gone");
  const MessageId none("m.none");
  const RunId ended("r.first");
  const RunId running("r.second");
  const RunId waiting("r.third");
  const RunId unknown("r.none");
  Message put_late;
  put_late.id = none;
  Message put_deleted;
  put_deleted.id = gone;
  put_deleted.updated = next;
  Message put_behind_none = put_deleted;
  put_behind_none.id = none;
  put_behind_none.parent = MessageId("m.nowhere");
  const std::vector<Event> impossible = {
      MessagePut{put_late},
      MessagePut{put_deleted},
      MessagePut{put_behind_none},
      MessageCreated{live, {}, Role::assistant, {}, running},
      MessageCreated{none, {}, Role::assistant, {}, unknown},
      PartStarted{live, 5, TextPart{}},
      PartStarted{none, 0, TextPart{}},
      ContentAppended{live, 5, 0, "x"},
      ContentAppended{live, 1, 1, "x"},
      ContentAppended{live, 0, 5, "x"},
      ContentAppended{none, 0, 0, "x"},
      MessageEnded{gone, MessageStatus::complete, {}},
      MessageCut{live, {1, 1}, MessageStatus::stopped},
      MessageDeleted{gone},
      HeadMoved{gone, {}},
      RunQueued{running, AgentName("default"), {}, {}, {}},
      RunStarted{waiting, 1, {}, {}, {}},
      RunStarted{ended, 1, {}, {}, {}},
      RunStarted{unknown, 1, {}, {}, {}},
      RunEnded{ended, RunStatus::stopped, {}, {}},
      RunEnded{unknown, RunStatus::stopped, {}, {}},
  };
  for (std::size_t at = 0; at < impossible.size(); ++at) {
    Entry entry = entry_at(state, next);
    entry.events = {impossible[at]};

    EXPECT_NE(unfoldable(state, entry), "") << at;
  }
}

TEST(Unfoldable, AnEntryThatIsNotLaterThanTheStateIs) {
  const ThreadState state = small_state();

  EXPECT_NE(unfoldable(state, entry_at(state, state.now)), "");
}

TEST(Unfoldable, AnEntryThatSkipsTheOneBeforeItIs) {
  const ThreadState state = small_state();
  Entry entry = entry_at(state, Timestamp(state.now.get() + 9));
  entry.previous = Timestamp(state.now.get() + 4);

  EXPECT_NE(unfoldable(state, entry), "");
}

TEST(Unfoldable, AnEntryLaterThanAnyClockIs) {
  const ThreadState state = small_state();

  const Timestamp last(end_of_time.get() / 2);
  EXPECT_EQ(unfoldable(state, entry_at(state, last)), "");
  EXPECT_NE(unfoldable(state, entry_at(state, Timestamp(last.get() + 1))), "");
  EXPECT_NE(unfoldable(state, entry_at(state, end_of_time)), "");
}

std::string fault_of(const ThreadState& state, Event event) {
  Entry entry = entry_at(state, Timestamp(state.now.get() + 1));
  if (auto* put = std::get_if<MessagePut>(&event)) put->message.updated = entry.at;
  entry.events = {std::move(event)};
  return unfoldable(state, entry);
}

TEST(Unfoldable, APutThatMovesItsMessageIs) {
  const ThreadState state = small_state();
  const Message known = state.living(MessageId("m.live"))->message;
  ASSERT_TRUE(known.parent && known.run);
  EXPECT_EQ(fault_of(state, MessagePut{known}), "");

  Message moved = known;
  moved.parent = known.id;  // a circle
  EXPECT_NE(fault_of(state, MessagePut{moved}), "");
  moved = known;
  moved.parent = MessageId("m.nowhere");
  EXPECT_NE(fault_of(state, MessagePut{moved}), "");
  moved = known;
  moved.role = Role::system;
  EXPECT_NE(fault_of(state, MessagePut{moved}), "");
  moved = known;
  moved.run = std::nullopt;
  EXPECT_NE(fault_of(state, MessagePut{moved}), "");
  moved = known;
  moved.id = MessageId("m.new");
  moved.run = RunId("r.nowhere");
  EXPECT_NE(fault_of(state, MessagePut{moved}), "");
}

TEST(Unfoldable, AnEventThatNamesWhatIsNotThereIs) {
  const ThreadState state = small_state();
  const Place nowhere{Place::Kind::after, MessageId("m.nowhere")};

  EXPECT_EQ(fault_of(state, RunQueued{RunId("r.new"), AgentName("a"), {}, {}, {}}), "");
  EXPECT_NE(fault_of(state, RunQueued{RunId("r.new"), AgentName("a"), {}, nowhere, {}}), "");
  EXPECT_EQ(fault_of(state, HeadMoved{MessageId("m.live"), MessageId("m.live")}), "");
  EXPECT_NE(fault_of(state, HeadMoved{MessageId("m.live"), MessageId("m.nowhere")}), "");
}

TEST(Unfoldable, AnEndThatLeavesItsRunOpenIs) {
  const ThreadState state = small_state();

  EXPECT_EQ(fault_of(state, RunEnded{RunId("r.second"), RunStatus::stopped, {}, {}}), "");
  EXPECT_NE(fault_of(state, RunEnded{RunId("r.second"), RunStatus::running, {}, {}}), "");
  EXPECT_NE(fault_of(state, RunEnded{RunId("r.second"), RunStatus::queued, {}, {}}), "");
}

TEST(Unfoldable, StepsOfAnotherAttemptAre) {
  const ThreadState state = small_state();
  Entry entry = entry_at(state, Timestamp(state.now.get() + 1));
  const std::uint32_t attempt = state.run(RunId("r.second"))->run.attempt;
  entry.producer = ProducerOffset{RunId("r.second"), attempt, 1'000};
  EXPECT_EQ(unfoldable(state, entry), "");

  entry.producer->attempt = attempt + 1;

  EXPECT_NE(unfoldable(state, entry), "");
}

}  // namespace
}  // namespace lockstep
