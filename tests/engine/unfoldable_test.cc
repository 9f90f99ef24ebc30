// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

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

TEST(Unfoldable, AnEntryThatNoOtherCouldFollowIs) {
  const ThreadState state = small_state();

  EXPECT_EQ(unfoldable(state, entry_at(state, Timestamp(end_of_time.get() - 1))), "");
  EXPECT_NE(unfoldable(state, entry_at(state, end_of_time)), "");
}

}  // namespace
}  // namespace lockstep
