// SPDX-License-Identifier: Apache-2.0
// Long entries are written on the background thread: other threads don't wait for them, and each
// thread keeps its order.
#include "engine/base/offload.h"

#include <gtest/gtest.h>

#include "engine/rules/digest.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

const std::string long_text(limits::turn_entry_bytes, 'x');
const std::string digested_text(limits::turn_digest_bytes + 1, 'd');
const std::string half_text(limits::turn_entry_bytes / 2 + 1, 'h');

struct ALongEntry : testing::Test, EngineFixture {
  ALongEntry() {
    offloads = true;
    restart();
  }

  // The work on the background thread is done, and all that follows from it.
  void finish() {
    while (offload.waiting() > 0) {
      offload.step();
      executor.run();
    }
  }
};

TEST_F(ALongEntry, IsNotWrittenInATurnOfTheStrandAndHoldsUpNoOtherThread) {
  auto large = ask_for(request({change_of(put("u1", long_text))}));
  auto behind = ask_for(request({change_of(put("u2", "short"))}));
  SyncRequest other = request({change_of(put("u1", "hello"))});
  other.thread.id = ThreadId("t2");
  auto beside = ask_for(std::move(other));

  executor.run();

  EXPECT_EQ(offload.waiting(), 1u);
  EXPECT_TRUE(beside.has_come());
  EXPECT_FALSE(large.has_come());
  EXPECT_FALSE(behind.has_come()) << "it was said later";
  EXPECT_FALSE(engine->read(user, name(), {}).has_value()) << "it is visible before it is durable";

  finish();

  ASSERT_TRUE(large.has_come() && behind.has_come());
  EXPECT_TRUE((*large)->outcomes.at(0).applied);
  EXPECT_EQ(text("u1"), long_text);
  EXPECT_EQ(text("u2"), "short");
  EXPECT_EQ(entries().size(), 2u);
  EXPECT_LE(metrics.turn_entry_bytes, limits::turn_entry_bytes);
}

TEST_F(ALongEntry, IsDigestedOffTheStrandBeforeItsAnswerSaysTheDigest) {
  auto large = ask_for(request({change_of(put("u1", digested_text))}));
  auto behind = ask_for(request({change_of(put("u2", "short"))}));
  executor.run();
  offload.step();
  executor.run();  // it is durable

  EXPECT_EQ(offload.waiting(), 1u);
  EXPECT_FALSE(large.has_come());

  finish();

  ASSERT_TRUE(large.has_come() && behind.has_come());
  ASSERT_TRUE((*large).has_value() && (*behind).has_value());
  EXPECT_EQ((*large)->digest,
            path_digest((*engine->read(user, name(), (*large)->cursor.at)).screen.messages));
  EXPECT_EQ((*behind)->digest, path_digest((*engine->read(user, name(), {})).screen.messages));
}

TEST_F(ALongEntry, OfAStartLetsTheRunsWriterBeginBeforeItIsDigested) {
  StartRun start = ask("r1", "u1", digested_text);
  start.agent = AgentName("push");
  auto asked = ask_for(request({change_of(start)}));
  executor.run();
  offload.step();
  executor.run();  // it is durable, and fronts see it
  ASSERT_FALSE(asked.has_come());
  ASSERT_EQ(run("r1").status, RunStatus::running);

  StepsAnswer steps;
  engine->write(user, name(), batch("r1", {opened(1, "a1")}), steps.done());
  finish();

  ASSERT_TRUE(asked.has_come() && steps.has_come());
  EXPECT_TRUE(steps->has_value()) << steps->error().code;
}

TEST_F(ALongEntry, KeepsItsThreadLoadedWhileItIsAnswered) {
  const ThreadName other{user, ThreadId("t2")};
  SyncRequest begin = request({change_of(put("u1", "other"))});
  begin.thread = other;
  ASSERT_TRUE(answer_to(std::move(begin)).has_value());
  synced({change_of(put("u1", "short"))});
  std::size_t loaded = 0;

  engine->sync(request({change_of(put("u2", digested_text))}), [&](const Result<SyncReply>&) {
    // The caller uses another thread while all memory is in use.
    const Charge all(&account, MemoryKind::steps, limits::memory_bytes_max);
    static_cast<void>(engine->read(user, other, {}));
    loaded = metrics.states_in_memory;
  });
  executor.run();
  finish();

  EXPECT_EQ(loaded, 2u);
}

TEST_F(ALongEntry, IsNotAnsweredIfTheEngineGoesWhileItIsDigested) {
  auto large = ask_for(request({change_of(put("u1", digested_text))}));
  executor.run();
  offload.step();
  executor.run();
  ASSERT_EQ(offload.waiting(), 1u);

  restart();
  finish();

  EXPECT_FALSE(large.has_come());
  EXPECT_EQ(text("u1"), digested_text);
}

TEST_F(ALongEntry, IsAlsoAShortOneWithLongViews) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", half_text)})).has_value());
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", half_text)})).has_value());

  auto over = send(batch("r1", {message_over(4, "a1"), run_over(5)}));
  executor.run();

  EXPECT_EQ(offload.waiting(), 1u);
  EXPECT_FALSE(over.has_come());
  finish();
  ASSERT_TRUE(over.has_come());
  EXPECT_LE(metrics.turn_entry_bytes, limits::turn_entry_bytes);
  offloads = false;
  restart();
  EXPECT_EQ(text("a1"), half_text + half_text);
}

TEST_F(ALongEntry, IsCutByAStopThatComesWhileItIsWritten) {
  start_streaming();
  auto sent = send(batch("r1", {token(2, "a1", long_text)}));
  executor.run();
  ASSERT_EQ(offload.waiting(), 1u);
  StopRun at_nothing = stop("r1");
  at_nothing.shown.push_back({mid("a1"), {0}});

  auto stopped = ask_for(request({change_of(at_nothing)}));
  executor.run();
  EXPECT_FALSE(stopped.has_come());
  finish();

  EXPECT_TRUE((*sent).has_value());
  EXPECT_TRUE((*stopped)->outcomes.at(0).applied);
  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_NE(text("a1"), long_text);
}

TEST_F(ALongEntry, ThatACrashCutsShortNeverWas) {
  synced({change_of(put("u1", "before"))});
  auto lost = ask_for(request({change_of(put("u2", long_text))}));
  executor.run();
  ASSERT_EQ(offload.waiting(), 1u);

  engine.reset();
  offload.step();
  executor.run();
  start();

  EXPECT_FALSE(lost.has_come());
  EXPECT_EQ(text("u2"), "<gone>");
  EXPECT_EQ(text("u1"), "before");
  auto again = ask_for(request({change_of(put("u2", long_text))}));
  executor.run();
  finish();
  EXPECT_TRUE((*again)->outcomes.at(0).applied);
}

TEST_F(ALongEntry, OfANewThreadLeavesItsNumberToNoOther) {
  const auto begin = [this](const char* id, const std::string& text) {
    SyncRequest first = request({change_of(put("u1", text))});
    first.thread.id = ThreadId(id);
    auto answer = ask_for(std::move(first));
    executor.run();
    return answer;
  };
  auto late = begin("long", long_text);
  auto early = begin("short", "overtakes it");
  ASSERT_TRUE(early.has_come());
  finish();
  ASSERT_TRUE(late.has_come());
  restart();
  auto next = begin("next", "hello");

  ASSERT_TRUE(next.has_come());
  ASSERT_TRUE(next->has_value()) << next->error().detail;
  restart();
  for (const char* id : {"long", "short", "next"}) {
    const ThreadName one{user, ThreadId(id)};
    const auto read = engine->read(user, one, {});
    ASSERT_TRUE(read.has_value()) << id;
    EXPECT_EQ(read->screen.messages.size(), 1u) << id;
  }
}

TEST_F(ALongEntry, LeavesTheSameStoreAsIfItHadBeenWrittenOnTheStrand) {
  EngineFixture plain;
  plain.restart();
  for (EngineFixture* one : {static_cast<EngineFixture*>(this), &plain}) {
    for (const char* id : {"u1", "u2", "u1"}) {
      auto answer = one->ask_for(one->request({change_of(put(id, long_text + id))}));
      one->executor.run();
      finish();
      ASSERT_TRUE(answer.has_come());
    }
    one->offloads = false;
    one->restart();  // the next reads come from the snapshot and the log
  }

  const Reading mine = reading();
  const Reading other = plain.reading();
  ASSERT_EQ(mine.screen.messages.size(), other.screen.messages.size());
  for (std::size_t at = 0; at < mine.screen.messages.size(); ++at) {
    EXPECT_EQ(mine.screen.messages[at].parts, other.screen.messages[at].parts);
  }
  EXPECT_EQ(entries().size(), plain.entries().size());
}

}  // namespace
}  // namespace lockstep::test
