// SPDX-License-Identifier: Apache-2.0
// A conditional edit or deletion is refused if another device changed the message after the user
// saw it.
#include <gtest/gtest.h>

#include "engine/rules/digest.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

PutMessage edit(const std::string& id, const std::string& text) {
  PutMessage put;
  put.id = MessageId(id);
  put.parts = {TextPart{text}};
  put.if_unchanged = true;
  return put;
}

// `ann` has put `m` on the phone, and all of her devices have seen it.
struct Shared : Story {
  std::uint64_t ops = 0;
  Timestamp seen;
  Shared() {
    on("phone", [] {
      PutMessage put = edit("m", "draft");
      put.if_unchanged = false;
      return put;
    }());
    seen = now();
  }

  // A change of this device, with an op, seen now or at `then`.
  Outcome on(const std::string& device, decltype(Change::what) what,
             std::optional<Timestamp> then = {}) {
    ChangeRequest request;
    request.user = UserId("ann");
    request.device = DeviceId(device);
    Change change{Op(++ops), Cursor{then.value_or(now()), epoch}, {}, std::move(what)};
    change.content = content_of(change);
    request.changes.push_back(std::move(change));
    return say(std::move(request)).at(0);
  }
};

TEST(Unchanged, AStaleEditIsRefusedAndTheNewerOneStands) {
  Shared story;
  story.on("laptop", edit("m", "newer, careful"));

  const Outcome outcome = story.on("phone", edit("m", "stale"), story.seen);

  EXPECT_EQ(outcome.code, "changed");
  EXPECT_EQ(story.text("m"), "newer, careful");
}

TEST(Unchanged, AnEditThatDoesNotAskForItWinsAsBefore) {
  Shared story;
  story.on("laptop", edit("m", "newer"));
  PutMessage put = edit("m", "later");
  put.if_unchanged = false;

  EXPECT_TRUE(story.on("phone", std::move(put), story.seen).applied);
  EXPECT_EQ(story.text("m"), "later");
}

TEST(Unchanged, ADeviceIsNotInItsOwnWay) {
  Shared story;
  story.on("phone", edit("m", "once"), story.seen);

  EXPECT_TRUE(story.on("phone", edit("m", "twice"), story.seen).applied);
  EXPECT_EQ(story.text("m"), "twice");
}

TEST(Unchanged, AnothersChangeBehindOnesOwnIsAnothers) {
  Shared story;
  story.on("phone", edit("m", "once"), story.seen);
  story.on("laptop", edit("m", "newer"));

  EXPECT_EQ(story.on("phone", edit("m", "stale"), story.seen).code, "changed");
  EXPECT_EQ(story.text("m"), "newer");
}

TEST(Unchanged, AChangeWithoutAnOpCountsAsAnothersSinceNothingSaysWhoseItWas) {
  Shared story;
  story.change(edit("m", "by somebody"));

  EXPECT_EQ(story.on("phone", edit("m", "stale"), story.seen).code, "changed");
}

TEST(Unchanged, AnEditFromBeforeTheMessageWasSeenDoesNotRefuse) {
  Shared story;
  story.on("laptop", edit("m", "newer"));

  EXPECT_TRUE(story.on("phone", edit("m", "newest"), story.now()).applied);
}

TEST(Unchanged, ARunsTextDoesNotRefuseAnEditAndACutOfItDoes) {
  Shared story;
  story.start("r", "u", "go on");
  story.steps("r", {OpenMessage{MessageId("a"), {}, Role::assistant, {}}});
  story.steps("r", {AppendContent{MessageId("a"), 0, "one "}});
  const Timestamp early = story.now();
  story.steps("r", {AppendContent{MessageId("a"), 0, "two"}, EndRun{}});
  const Timestamp late = story.now();

  EXPECT_TRUE(story.on("phone", edit("a", "better"), early).applied);

  Shared other;
  other.start("r", "u", "go on");
  other.steps("r", {OpenMessage{MessageId("a"), {}, Role::assistant, {}}});
  other.steps("r", {AppendContent{MessageId("a"), 0, "one "}});
  const Timestamp first = other.now();
  other.steps("r", {AppendContent{MessageId("a"), 0, "two"}});
  const Timestamp whole = other.now();
  other.on("laptop", StopRun{RunId("r"), {}}, first);

  EXPECT_EQ(other.on("phone", edit("a", "of one two"), whole).code, "changed");
  EXPECT_EQ(other.text("a"), "one ");
  EXPECT_GT(late, early);
}

TEST(Unchanged, AStopThatCutNothingIsNoReason) {
  Shared story;
  story.start("r", "u", "go on");
  story.steps("r", {OpenMessage{MessageId("a"), {}, Role::assistant, {}}});
  story.steps("r", {AppendContent{MessageId("a"), 0, "one"}});
  const Timestamp seen = story.now();
  story.on("laptop", StopRun{RunId("r"), {}});

  EXPECT_TRUE(story.on("phone", edit("a", "two"), seen).applied);
}

TEST(Unchanged, ACrashThatCutAHalfCallIsNoReason) {
  Shared story;
  story.start("r", "u", "go on");
  story.steps("r", {OpenMessage{MessageId("a"), {}, Role::assistant, {}}});
  story.steps("r", {StartPart{MessageId("a"), 0, ToolCallPart{"c", "look", "{"}}});
  const Timestamp seen = story.now();
  story.crash();

  EXPECT_TRUE(story.message("a").parts.empty());
  EXPECT_TRUE(story.on("phone", edit("a", "by hand"), seen).applied);
}

TEST(Unchanged, ADeletionIsRefusedIfAnotherDeviceChangedOrSaidSomethingBelow) {
  Shared story;
  PutMessage reply = edit("below", "an answer of the other device");
  reply.place = Place{Place::Kind::parent, MessageId("m")};
  story.on("laptop", std::move(reply));

  EXPECT_EQ(story.on("phone", DeleteMessage{MessageId("m"), true}, story.seen).code, "changed");
  EXPECT_EQ(story.text("below"), "an answer of the other device");
  EXPECT_TRUE(story.on("phone", DeleteMessage{MessageId("m"), true}).applied);
  EXPECT_TRUE(story.on("laptop", DeleteMessage{MessageId("m"), true}, story.seen).applied);
}

TEST(Unchanged, AChangeWithoutTheFieldHasTheContentThatItAlwaysHad) {
  Change gone{std::nullopt, std::nullopt, {}, DeleteMessage{MessageId("m")}};
  PutMessage plain;
  plain.id = MessageId("m");
  const Change put{std::nullopt, std::nullopt, {}, plain};

  EXPECT_EQ(content_of(gone), sha256("2,0,1,m"));
  EXPECT_EQ(content_of(put), sha256("1,0,1,m0,0,0,0,0,0,"));
  gone.what = DeleteMessage{MessageId("m"), true};
  EXPECT_NE(content_of(gone), sha256("2,0,1,m"));
}

}  // namespace
}  // namespace lockstep::test
