// SPDX-License-Identifier: Apache-2.0
// A step that is sent again must equal the step that was taken; else it is refused.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/sip_hash.h"
#include "engine/live/step_memory.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct WritingAgain : EngineFixture {
  std::string refusal_of(StepBatch batch) {
    const auto answer = write(std::move(batch));
    return answer ? "" : answer.error().code;
  }
};

struct StepsAgainTest : testing::Test, WritingAgain {};

StepBatch tokens(std::uint64_t first, std::vector<std::string> texts) {
  StepBatch batch{rid("r1"), 1, {}};
  for (std::string& text : texts) batch.steps.push_back(token(first++, "a1", std::move(text)));
  return batch;
}

TEST(SipHash, IsThatOfItsAuthors) {
  // The paper's example: the key 00 to 0f, the text 00 to 0e.
  std::string text;
  for (char byte = 0; byte < 15; ++byte) text += byte;

  EXPECT_EQ(sip_hash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, text), 0xa129ca6149be45e5);
}

// --- While the server runs -----------------------------------------------------------------------

TEST_F(StepsAgainTest, OtherContentUnderAKnownNumberIsRefusedAndNothingIsTaken) {
  start_streaming();
  ASSERT_TRUE(write(tokens(2, {"from A ", "B again"})));

  EXPECT_EQ(refusal_of(tokens(3, {"A again"})), "seq_reused");
  EXPECT_EQ(refusal_of(tokens(3, {"A again", " and on"})), "seq_reused");
  EXPECT_EQ(text("a1"), "from A B again");
  EXPECT_TRUE(write(tokens(3, {"B again", " and on"})));
  EXPECT_EQ(text("a1"), "from A B again and on");
}

TEST_F(StepsAgainTest, OnlyOneOfTwoWritersAtOnceIsToldThatItsStepIsDurable) {
  start_streaming();
  auto first = send(tokens(2, {"one"}));
  auto other = send(tokens(2, {"two"}));
  auto behind = send(tokens(2, {"two", " three"}));
  auto again = send(tokens(2, {"one", " four"}));

  executor.run();

  EXPECT_TRUE(first->has_value());
  ASSERT_FALSE(other->has_value());
  EXPECT_EQ(other->error().code, "seq_reused");
  ASSERT_FALSE(behind->has_value());
  EXPECT_EQ(behind->error().code, "seq_reused");
  EXPECT_TRUE(again->has_value());
  EXPECT_EQ(text("a1"), "one four");
}

TEST_F(StepsAgainTest, EveryKindOfStepIsCompared) {
  start_streaming();
  const StepBatch all{rid("r1"),
                      1,
                      {{1, OpenMessage{mid("a1"), {}, Role::assistant, {}}},
                       {2, StartPart{mid("a1"), {}, ToolCallPart{"c", "look", "{}"}}},
                       {3, AppendContent{mid("a1"), 1, "text"}},
                       {4, EndMessage{mid("a1"), MessageStatus::complete, Json{"{\"n\":1}"}}},
                       {5, EndRun{RunStatus::completed, {}, Json{"{\"n\":1}"}}}}};
  ASSERT_TRUE(write(all));
  std::vector<StepBatch> others(7, all);
  std::get<OpenMessage>(others[0].steps[0].what).author = "somebody";
  std::get<ToolCallPart>(std::get<StartPart>(others[1].steps[1].what).value).arguments = "{ }";
  std::get<AppendContent>(others[2].steps[2].what).text = "texT";
  std::get<AppendContent>(others[3].steps[2].what).message = mid("a2");
  std::get<EndMessage>(others[4].steps[3].what).usage = Json{"{\"n\":2}"};
  std::get<EndRun>(others[5].steps[4].what).status = RunStatus::failed;
  others[6].steps[4].what = AppendContent{mid("a1"), 1, "more"};

  for (int lives = 0; lives < 2; ++lives) {
    EXPECT_TRUE(write(all)) << lives;
    for (std::size_t at = 0; at < others.size(); ++at) {
      EXPECT_EQ(refusal_of(others[at]), "seq_reused") << at << " in life " << lives;
    }
    restart();
  }
}

TEST_F(StepsAgainTest, TheLast4096StepsAreComparedWithoutReadingTheLog) {
  start_streaming();
  for (std::uint64_t seq = 2; seq < 3 * limits::steps_remembered; ++seq) {
    ASSERT_TRUE(write(tokens(seq, {std::to_string(seq) + " "})));
  }
  const std::uint64_t last = 3 * limits::steps_remembered - 1;
  const std::uint64_t oldest = last + 1 - limits::steps_remembered;
  const int reads = log.reads;

  for (const std::uint64_t seq : {oldest, oldest + 7, last}) {
    EXPECT_EQ(refusal_of(tokens(seq, {"other"})), "seq_reused") << seq;
  }
  EXPECT_EQ(log.reads, reads);
  EXPECT_EQ(refusal_of(tokens(oldest - 1, {"other"})), "seq_reused") << "as the log says";
  EXPECT_GT(log.reads, reads);
  EXPECT_TRUE(write(tokens(oldest - 1, {std::to_string(oldest - 1) + " "})));
}

TEST(StepMemory, NeverHoldsMoreThanItsBound) {
  StepMemory memory({1, 2});
  for (std::uint64_t seq = 1; seq < 5 * limits::steps_remembered; ++seq) {
    const StepBatch batch = tokens(seq, {"a word"});
    memory.took(batch, batch.steps, seq - 1);
    ASSERT_LE(memory.bytes(), sizeof(memory) + limits::steps_remembered * sizeof(std::uint64_t));
  }
}

// --- Behind a restart ----------------------------------------------------------------------------

// A run's steps as a model and its tools make them, in batches that merge by chance.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::uint64_t upto(std::uint64_t bound) { return random_() % bound; }

  std::vector<Step> steps() {
    std::vector<Step> steps{{1, OpenMessage{mid("a1"), {}, Role::assistant, {}}}};
    std::uint32_t parts = 0;
    while (steps.size() < 30) {
      const std::uint64_t seq = steps.size() + 1;
      const std::uint64_t dice = upto(8);
      if (dice == 0) {
        steps.push_back({seq, StartPart{mid("a1"), {}, ReasoningPart{word()}}});
        ++parts;
      } else if (dice == 1) {
        steps.push_back({seq, StartPart{mid("a1"), parts++, TextPart{}}});
      } else if (dice == 2) {
        steps.push_back({seq, AppendContent{mid("a1"), parts++, upto(3) == 0 ? "" : word()}});
      } else if (parts > 0) {
        const std::uint32_t part =
            upto(6) == 0 ? static_cast<std::uint32_t>(upto(parts)) : parts - 1;
        steps.push_back({seq, AppendContent{mid("a1"), part, upto(6) == 0 ? "" : word()}});
      }
    }
    if (upto(2) == 0) steps.push_back({31, EndMessage{mid("a1"), MessageStatus::complete, {}}});
    if (upto(2) == 0) steps.push_back({steps.size() + 1, EndRun{}});
    return steps;
  }

  // Few and short, so that texts repeat themselves.
  std::string word() { return std::string(1 + upto(3), static_cast<char>('a' + upto(2))); }

 private:
  std::mt19937_64 random_;
};

struct StepsOfBefore : WritingAgain {
  void write_all(Writer& writer, const std::vector<Step>& steps) {
    MUST(sync({change_of(ask("r1", "u1", "hello"))}).has_value());
    for (std::size_t at = 0; at < steps.size();) {
      StepBatch batch{rid("r1"), 1, {}};
      for (std::uint64_t more = 1 + writer.upto(5); more > 0 && at < steps.size(); --more) {
        batch.steps.push_back(steps[at++]);
      }
      send(std::move(batch));
      if (writer.upto(3) == 0) executor.run();
    }
    executor.run();
  }
  // Some of the steps, dense.
  static StepBatch some(Writer& writer, const std::vector<Step>& steps) {
    const std::size_t first = writer.upto(steps.size());
    const std::size_t count = 1 + writer.upto(steps.size() - first);
    const auto begin = steps.begin() + static_cast<std::ptrdiff_t>(first);
    return {rid("r1"), 1, {begin, begin + static_cast<std::ptrdiff_t>(count)}};
  }
};

// Runs that were written to their own end, each behind 20 restarts, with some of its steps. A run
// that is over answers for its steps; one that a crash has ended does not.
void each_restart(
    const std::function<std::string(StepsOfBefore& life, StepBatch some, Writer& writer)>& refusal,
    const std::string& wanted) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    StepsOfBefore life;
    Writer writer(seed);
    const std::vector<Step> steps = writer.steps();
    life.write_all(writer, steps);
    if (!std::holds_alternative<EndRun>(steps.back().what)) continue;
    for (int tries = 0; tries < 20; ++tries) {
      life.restart();
      EXPECT_EQ(refusal(life, life.some(writer, steps), writer), wanted) << "seed " << seed;
    }
  }
}

TEST(StepsBehindARestart, TakenStepsAreKnownHoweverTheBatchIsCut) {
  each_restart([](auto& life, StepBatch some, auto&) { return life.refusal_of(std::move(some)); },
               "");
}

TEST(StepsBehindARestart, AStepThatWasNeverSentBeforeIsRefused) {
  each_restart(
      [](auto& life, StepBatch other, auto& writer) {
        other.steps[writer.upto(other.steps.size())].what = AppendContent{mid("a1"), 0, "nobody"};
        return life.refusal_of(std::move(other));
      },
      "seq_reused");
}

TEST_F(StepsAgainTest, AStepThatWasComparedWithTheLogIsNotReadAgain) {
  start_streaming();
  ASSERT_TRUE(write(tokens(2, {"one", " two"})));
  ASSERT_TRUE(write({rid("r1"), 1, {run_over(4)}}));
  restart();
  const StepBatch again{rid("r1"), 1, {token(2, "a1", "one"), token(3, "a1", " two"), run_over(4)}};
  ASSERT_TRUE(write(again));

  EXPECT_EQ(refusal_of({rid("r1"), 1, {token(3, "a1", "two"), run_over(4)}}), "seq_reused");
}

// --- A step that no resend can mend --------------------------------------------------------------

struct TooLargeTest : StepsAgainTest {
  TooLargeTest() {
    start_streaming();
    EXPECT_TRUE(write(tokens(2, {"so far"})));
    EXPECT_EQ(refusal_of(tokens(3, {std::string(limits::message_bytes_max, 'x')})), "too_large");
  }
};

TEST_F(TooLargeTest, TheStepsBehindItHearThatAndOfNoGap) {
  const auto later = write(tokens(4, {"one"}));
  const auto much_later = write(tokens(9, {"two"}));

  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, "too_large");
  EXPECT_EQ(later.error().expected, 3u);
  EXPECT_EQ(much_later.error().code, "too_large");
}

struct UnreadTest : StepsAgainTest {
  UnreadTest() {
    start_streaming();
    EXPECT_TRUE(write(tokens(2, {"so far"})));
  }
  std::string refused_unread(const std::string& code) {
    StepBatch unread{rid("r1"), 1, {}};
    unread.unread = Error{Kind::rejected, code, "too much of something"};
    return refusal_of(unread);
  }
};

TEST_F(UnreadTest, TheStepsBehindOneThatCouldNotBeReadHearWhy) {
  EXPECT_EQ(refused_unread("too_large"), "too_large");

  const auto later = write(tokens(4, {"one"}));

  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, "too_large");
  EXPECT_EQ(later.error().expected, 3u);
  EXPECT_TRUE(write(tokens(3, {" and less"})));
  EXPECT_EQ(refusal_of(tokens(5, {"a hole"})), "gap");
}

TEST_F(UnreadTest, AnUnreadableStepThatAResendMayMendLeavesAGap) {
  EXPECT_EQ(refused_unread("malformed"), "malformed");

  EXPECT_EQ(refusal_of(tokens(4, {"one"})), "gap");
}

TEST_F(UnreadTest, AnUnreadableStepOfAnotherRunDoesNotCountForThisOne) {
  StepBatch unread{rid("r2"), 1, {}};
  unread.unread = Error{Kind::rejected, codes::too_large, "too much of something"};
  EXPECT_EQ(refusal_of(unread), "too_large");

  EXPECT_EQ(refusal_of(tokens(4, {"one"})), "gap");
  EXPECT_EQ(refusal_of(tokens(2, {"so fat"})), "seq_reused");
}

TEST_F(TooLargeTest, AnotherStepInItsPlaceLetsTheRunGoOn) {
  ASSERT_TRUE(write(tokens(3, {" and less"})));

  EXPECT_EQ(refusal_of(tokens(5, {"a hole"})), "gap");
  EXPECT_TRUE(write(tokens(4, {" and on"})));
}

}  // namespace
}  // namespace lockstep::test
