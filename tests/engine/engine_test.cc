// What the engine promises to those who use it.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

class EngineTest : public testing::Test, public EngineFixture {};

TEST_F(EngineTest, AThreadIsMadeByItsFirstChange) {
  const SyncReply reply = synced({change_of(put("u1", "hello"))});

  EXPECT_EQ(text("u1"), "hello");
  EXPECT_TRUE(reply.outcomes.at(0).applied);
  ASSERT_EQ(reply.diff.messages.size(), 1u);
  EXPECT_EQ(std::get<Message>(reply.diff.messages[0]).id, mid("u1"));
  EXPECT_EQ(reply.cursor, (Cursor{reading().screen.now, engine->epoch()}));
}

TEST_F(EngineTest, ARunStreamsAndEnds) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", " two"), run_over(4)})));

  EXPECT_EQ(text("a1"), "one two");
  EXPECT_EQ(run("r1").status, RunStatus::completed);
  EXPECT_EQ(host.ends, std::vector{rid("r1")});
}

TEST_F(EngineTest, ARestartEndsWhatACrashInterruptedAndKeepsWhatWasShown) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));

  restart();

  EXPECT_EQ(text("a1"), "one");
  EXPECT_EQ(run("r1").status, RunStatus::interrupted);
  ASSERT_TRUE(run("r1").error.has_value());
  EXPECT_EQ(run("r1").error->code, "interrupted");
}

}  // namespace
}  // namespace lockstep::test
