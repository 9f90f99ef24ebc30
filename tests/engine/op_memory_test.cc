// SPDX-License-Identifier: Apache-2.0
// The remembered answers to a device's changes: docs/protocol.md, "Exactly once".
#include "engine/rules/op_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "tests/support/given.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

// Every op puts the same message, so that the thread stays small.
Change put_as(std::uint64_t op, const std::string& text = "hello") {
  return change_of(put("u1", text), op);
}

ChangeRequest by(const std::string& user, const std::string& device, std::vector<Change> changes) {
  return {UserId(user), DeviceId(device), {}, {}, std::move(changes)};
}

ChangeRequest by_phone(std::vector<Change> changes) {
  return by("ann", "phone", std::move(changes));
}

// The answer of the memory of ann's phone to this change.
std::optional<Outcome> answer(const Story& story, const Change& change) {
  const ChangeRequest request = by_phone({change});
  return OpMemory(story.state(), request).answer(change, {});
}

std::string code_of(const std::optional<Outcome>& outcome) {
  if (!outcome) return "new";
  return outcome->duplicate ? "duplicate" : outcome->code;
}

Outcome again(Outcome outcome) {
  outcome.duplicate = true;
  return outcome;
}

TEST(OpMemory, AChangeSentAgainIsAnsweredAsTheFirstTime) {
  Story story;
  const Outcome first = story.say(by_phone({put_as(1)})).front();
  story.say(by_phone({put_as(2, "more")}));

  EXPECT_TRUE(first.applied);
  EXPECT_FALSE(first.duplicate);
  EXPECT_EQ(answer(story, put_as(1)), again(first));
}

TEST(OpMemory, ARefusalSentAgainIsAnsweredAsTheFirstTime) {
  Story story;
  story.say(by_phone({put_as(1)}));
  const Change refused = change_of(DeleteMessage{MessageId("nowhere")}, 2);
  const Outcome first = story.say(by_phone({refused})).front();

  const auto second = answer(story, refused);

  EXPECT_FALSE(first.applied);
  EXPECT_EQ(second, again(first));
}

TEST(OpMemory, AnOpWithOtherContentIsRefusedAsReused) {
  Story story;
  story.say(by_phone({put_as(1)}));
  const Change other = change_of(MoveHead{}, 1);

  const auto outcome = answer(story, other);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->code, "op_reused");
  EXPECT_EQ(outcome->type, ChangeType::move_head);
  EXPECT_EQ(outcome->op, Op(1));
  EXPECT_FALSE(outcome->applied);
  EXPECT_FALSE(outcome->duplicate);
  EXPECT_EQ(code_of(answer(story, put_as(1, "other text"))), "op_reused");
}

TEST(OpMemory, AChangeWithoutAnOpIsNewEachTime) {
  Story story;
  const Change change = change_of(put("u1", "hello"));
  story.say(by_phone({put_as(1)}));
  story.say(by_phone({change}));

  EXPECT_EQ(code_of(answer(story, change)), "new");
}

TEST(OpMemory, AnOpAboveAllThatAreRememberedIsNew) {
  Story story;
  story.say(by_phone({put_as(7)}));

  EXPECT_EQ(code_of(answer(story, put_as(8))), "new");
}

TEST(OpMemory, AnOpBetweenTwoThatAreRememberedIsNew) {
  Story story;
  story.say(by_phone({put_as(7)}));
  story.say(by_phone({put_as(9)}));

  EXPECT_EQ(code_of(answer(story, put_as(8))), "new");
}

TEST(OpMemory, AnOpOlderThanAllThatAreRememberedIsTooOld) {
  Story story;
  story.say(by_phone({put_as(7)}));
  const Change old = change_of(MoveHead{}, 6);

  const auto outcome = answer(story, old);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->code, "op_too_old");
  EXPECT_EQ(outcome->type, ChangeType::move_head);
  EXPECT_EQ(outcome->op, Op(6));
  EXPECT_FALSE(outcome->applied);
  EXPECT_FALSE(outcome->duplicate);
}

TEST(OpMemory, TheLowestOpIsForgottenWhenOneMoreComesThanAreRemembered) {
  Story story;
  for (std::uint64_t op = 1; op <= limits::ops_remembered; ++op) story.say(by_phone({put_as(op)}));
  EXPECT_EQ(code_of(answer(story, put_as(1))), "duplicate");

  story.say(by_phone({put_as(limits::ops_remembered + 1)}));

  EXPECT_EQ(code_of(answer(story, put_as(1))), "op_too_old");
  for (std::uint64_t op = 2; op <= limits::ops_remembered + 1; ++op) {
    EXPECT_EQ(code_of(answer(story, put_as(op))), "duplicate") << op;
  }
}

// The rules decide "too old" by the number, so they forget the lowest number, not the earliest
// arrival.
TEST(OpMemory, AnOpThatCameLateIsForgottenByItsNumber) {
  Story story;
  for (std::uint64_t op = 1; op <= limits::ops_remembered; ++op) {
    if (op != 2) story.say(by_phone({put_as(op)}));
  }
  story.say(by_phone({put_as(2)}));

  story.say(by_phone({put_as(limits::ops_remembered + 1)}));
  EXPECT_EQ(code_of(answer(story, put_as(1))), "op_too_old");
  EXPECT_EQ(code_of(answer(story, put_as(2))), "duplicate");

  story.say(by_phone({put_as(limits::ops_remembered + 2)}));
  EXPECT_EQ(code_of(answer(story, put_as(2))), "op_too_old");
  EXPECT_EQ(code_of(answer(story, put_as(3))), "duplicate");
}

TEST(OpMemory, ADeviceThatHasSaidNothingIsNewAndKnowsNoOp) {
  Story story;
  story.say(by_phone({put_as(5)}));

  for (const auto& request : {by("ann", "laptop", {put_as(5)}), by("bob", "phone", {put_as(5)})}) {
    SCOPED_TRACE(request.user.get() + "'s " + request.device->get());
    const OpMemory memory(story.state(), request);

    EXPECT_TRUE(memory.is_new_device());
    EXPECT_EQ(memory.find(Op(5), {}), nullptr);
    EXPECT_EQ(memory.answer(put_as(5, "other"), {}), std::nullopt);
    EXPECT_EQ(memory.answer(put_as(4), {}), std::nullopt);
  }
  const ChangeRequest known = by_phone({});
  EXPECT_FALSE(OpMemory(story.state(), known).is_new_device());
}

TEST(OpMemory, ARequestWithoutADeviceKnowsNoOp) {
  Story story;
  story.say(by_phone({put_as(5)}));
  ChangeRequest request = by_phone({put_as(5)});
  request.device.reset();

  const OpMemory memory(story.state(), request);

  EXPECT_TRUE(memory.is_new_device());
  EXPECT_EQ(memory.find(Op(5), {}), nullptr);
}

TEST(OpMemory, AnOpIsFoundWithItsContentAndOutcome) {
  Story story;
  const Outcome outcome = story.say(by_phone({put_as(5)})).front();
  const ChangeRequest request = by_phone({});

  const Ack* ack = OpMemory(story.state(), request).find(Op(5), {});

  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(*ack, (Ack{UserId("ann"), DeviceId("phone"), put_as(5).content, outcome}));
}

TEST(OpMemory, AnEarlierChangeOfTheSameRequestIsKnownToo) {
  Story story;
  story.say(by_phone({put_as(1)}));
  const ChangeRequest request = by_phone({});
  const OpMemory memory(story.state(), request);
  Ack said{UserId("ann"), DeviceId("phone"), put_as(2).content, {}};
  said.outcome.op = Op(2);
  said.outcome.type = ChangeType::put_message;
  const std::vector<Ack> so_far{said};

  EXPECT_EQ(memory.find(Op(2), so_far), &so_far.front());
  EXPECT_EQ(memory.answer(put_as(2), so_far), again(said.outcome));
  EXPECT_EQ(code_of(memory.answer(put_as(2, "other"), so_far)), "op_reused");
  EXPECT_EQ(code_of(memory.answer(put_as(1), so_far)), "duplicate");
  EXPECT_EQ(code_of(memory.answer(put_as(3), so_far)), "new");
}

TEST(OpMemory, AnEarlierChangeOfTheSameRequestIsKnownForANewDevice) {
  const ThreadState empty;
  const ChangeRequest request = by_phone({});
  const OpMemory memory(empty, request);
  Ack said{UserId("ann"), DeviceId("phone"), put_as(2).content, {}};
  said.outcome.op = Op(2);
  const std::vector<Ack> so_far{said};

  EXPECT_EQ(memory.answer(put_as(2), so_far), again(said.outcome));
  EXPECT_EQ(code_of(memory.answer(put_as(1), so_far)), "new");
}

TEST(OpMemory, KnownOutcomesAreThoseOfChangesThatWereTakenAsTheyAre) {
  Story story;
  const Outcome five = story.say(by_phone({put_as(5)})).front();
  const Outcome six = story.say(by_phone({put_as(6)})).front();
  const Change too_old = put_as(4);
  const Change reused = put_as(6, "other");
  const Change unnamed = change_of(put("u1", "hello"));

  const auto known = known_outcomes(
      story.state(), by_phone({put_as(6), too_old, reused, unnamed, put_as(7), put_as(5)}));

  EXPECT_EQ(known, (std::vector<Outcome>{again(six), again(five)}));
}

}  // namespace
}  // namespace lockstep::test
