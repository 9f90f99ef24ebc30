// SPDX-License-Identifier: Apache-2.0
// The totals of usage: true with each entry, whatever is in flight, fails or is deleted.
#include <gtest/gtest.h>

#include <charconv>

#include "engine/store/usage_rows.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

// `usage` is the number of tokens that went in; half as many came out.
UsageCounts read_number(std::string_view json) {
  UsageCounts counts;
  std::from_chars(json.data(), json.data() + json.size(), counts.input);
  counts.output = counts.input / 2;
  return counts;
}

struct UsageTest : testing::Test, EngineFixture {
  UsageTest() {
    engine.reset();
    executor.run();
    reopen();
  }
  void reopen() {
    engine.reset();
    executor.run();
    Engine::Parts counting = parts();
    counting.read_usage = read_number;
    Answer<Result<void>> ready;
    auto opened = Engine::open(counting, host, ready.done());
    MUST(opened.has_value());
    engine = std::move(*opened);
    executor.run();
    MUST(ready.has_come() && ready->has_value());
  }

  // A run of another thread, whose last step waits to be sent.
  void start(const std::string& name, const std::string& agent = "push") {
    thread = ThreadId(name);
    StartRun start = ask("r-" + name, "u-" + name, "hello");
    start.agent = AgentName(agent);
    MUST(sync({change_of(start)}).has_value());
  }
  static StepBatch end(const std::string& name, std::uint64_t tokens) {
    EndRun end;
    end.usage = Json{std::to_string(tokens)};
    return batch("r-" + name, {Step{1, end}});
  }
  UsageCounts total(UsageSpan span = {}) {
    const auto by_agent = engine->usage(user, std::nullopt, span);
    MUST(by_agent.has_value());
    UsageCounts all;
    for (const auto& [key, counts] : *by_agent) all += counts;
    return all;
  }
};

TEST_F(UsageTest, RunsOfSeveralThreadsThatEndAtOnceCountOnceEach) {
  for (const char* name : {"a", "b", "c"}) start(name);

  std::vector<StepsAnswer> answers;
  std::uint64_t tokens = 10;
  for (const char* name : {"a", "b", "c"}) {
    thread = ThreadId(name);
    answers.push_back(send(end(name, tokens)));
    tokens *= 10;
  }
  executor.run();

  for (StepsAnswer& answer : answers) EXPECT_TRUE(answer->has_value());
  EXPECT_EQ(total(), (UsageCounts{3, 1110, 0, 555}));
  reopen();
  EXPECT_EQ(total(), (UsageCounts{3, 1110, 0, 555})) << "the rows have them";
}

TEST_F(UsageTest, AStepThatIsSentAgainCountsNothing) {
  start("a");

  EXPECT_TRUE(write(end("a", 8)));
  EXPECT_TRUE(write(end("a", 8)));

  EXPECT_EQ(total(), (UsageCounts{1, 8, 0, 4}));
}

TEST_F(UsageTest, AnEntryThatCouldNotBeWrittenCountsNothingAlsoWithOthersInFlight) {
  for (const char* name : {"a", "b"}) start(name);
  thread = ThreadId("a");
  log.fail_next = Error{Kind::overloaded, codes::overloaded, "the disk is slow"};
  StepsAnswer lost = send(end("a", 100));
  thread = ThreadId("b");
  StepsAnswer kept = send(end("b", 8));

  executor.run();

  EXPECT_FALSE(lost->has_value());
  EXPECT_TRUE(kept->has_value());
  EXPECT_EQ(total(), (UsageCounts{1, 8, 0, 4}));
  thread = ThreadId("a");
  EXPECT_TRUE(write(end("a", 100)));
  EXPECT_EQ(total(), (UsageCounts{2, 108, 0, 54}));
}

TEST_F(UsageTest, ADeletedThreadStaysInTheTotalsAndIsNotedForARebuild) {
  start("a");
  EXPECT_TRUE(write(end("a", 8)));
  start("b");

  for (const char* name : {"a", "b"}) {
    Answer<Result<void>> erased;
    engine->erase(user, {user, ThreadId(name)}, erased.done());
    executor.run();
    ASSERT_TRUE(erased->has_value());
  }

  EXPECT_EQ(total(), (UsageCounts{2, 8, 0, 4})) << "a run that the deletion ends counts, too";
  const UsageKey key{user, day_of(clock.now()), AgentName("push")};
  EXPECT_EQ(*read_usage_row(memory, usage_row_key(usage_gone_prefix, key)),
            (UsageCounts{2, 8, 0, 4}));
}

TEST_F(UsageTest, DaysAgentsUsersAndThreadsAreToldApart) {
  constexpr std::uint64_t day = 86'400'000'000;
  clock.set(100 * day);
  start("a");
  EXPECT_TRUE(write(end("a", 2)));
  clock.set(101 * day);
  start("b", "default");
  EXPECT_TRUE(write(end("b", 20)));

  EXPECT_EQ(total({100, 100}), (UsageCounts{1, 2, 0, 1}));
  EXPECT_EQ(total({101, 500}), (UsageCounts{1, 20, 0, 10}));
  EXPECT_EQ(total({102, 500}), UsageCounts());
  const auto by_agent = engine->usage(user, std::nullopt, {});
  EXPECT_EQ(by_agent->at({user, 0, AgentName("default")}).input, 20u);
  const auto of_thread = engine->usage(user, ThreadName{user, ThreadId("a")}, {});
  ASSERT_EQ(of_thread->size(), 1u);
  EXPECT_EQ(of_thread->begin()->second, (UsageCounts{1, 2, 0, 1}));
  EXPECT_TRUE(engine->usage(UserId("bob"), std::nullopt, {})->empty());
  EXPECT_FALSE(engine->usage(UserId("bob"), ThreadName{user, ThreadId("a")}, {}));
}

TEST_F(UsageTest, TheUsageOfMessagesCountsWhereTheRunTellsNone) {
  start("a");
  EndMessage end;
  end.message = mid("m");
  end.usage = Json{"6"};
  EXPECT_TRUE(write(batch("r-a", {opened(1, "m"), Step{2, end}, run_over(3)})));

  EXPECT_EQ(total(), (UsageCounts{1, 6, 0, 3}));
}

TEST(UsageRows, AKeyAndAValueComeBackAndDamageIsSeen) {
  const UsageKey key{UserId("ann"), 20'000, AgentName("one")};
  const std::string row = usage_row_key(usage_prefix, key);
  const std::string value = encode(row, UsageCounts{1, 2, 1, 3});

  EXPECT_EQ(decode_usage_key(usage_prefix, row), key);
  EXPECT_EQ(decode_usage_key(usage_gone_prefix, row), std::nullopt);
  EXPECT_EQ(*decode_usage_counts(row, value), (UsageCounts{1, 2, 1, 3}));
  EXPECT_FALSE(decode_usage_counts(row + "x", value)) << "under another key";
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string damaged = value;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(decode_usage_counts(row, damaged));
  }
}

}  // namespace
}  // namespace lockstep::test
