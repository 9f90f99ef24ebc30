// SPDX-License-Identifier: Apache-2.0
// A run between a fast model and a slow disk: no text of the model is lost, the driver makes the
// model pause and resume (backpressure), and a run whose steps are refused ends with the reason.
#include "server/run_driver.h"

#include <gtest/gtest.h>

#include "server/base/limits.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/few_blobs.h"

namespace lockstep::test {
namespace {

struct Seen {
  int pauses_ended = 0;
  bool alive = false;
};

class HeldGeneration : public Generation {
 public:
  explicit HeldGeneration(Seen& seen) : seen_(seen) { seen_.alive = true; }
  ~HeldGeneration() override { seen_.alive = false; }
  HeldGeneration(const HeldGeneration&) = delete;
  HeldGeneration& operator=(const HeldGeneration&) = delete;
  void resume() override { ++seen_.pauses_ended; }

 private:
  Seen& seen_;
};

// A model that writes the steps that the test gives it.
class HeldAgent : public Agent {
 public:
  [[nodiscard]] AgentSettings settings(const std::optional<Json>&) const override {
    return {"{}", "held"};
  }
  [[nodiscard]] Sent sent(const Context& context) const override {
    files = context.attachments;
    if (on_sent) on_sent();
    return {"{}", repairs};
  }
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent sent,
                                                  StepWriter& writer) override {
    EXPECT_EQ(sent.repairs, repairs);
    EXPECT_TRUE(context.attachments.empty()) << "the request has their bytes";
    writer_ = &writer;
    ++starts;
    return std::make_unique<HeldGeneration>(seen);
  }
  // The answer of the writer: may the model go on?
  bool say(decltype(Step::what) what) {
    std::vector<Step> steps;
    steps.push_back({0, std::move(what)});
    return writer_->write(std::move(steps));
  }

  [[nodiscard]] bool is_asked() const { return writer_ != nullptr; }

  Seen seen;
  std::vector<Repair> repairs;
  mutable std::vector<Attachment> files;  // of the last request
  std::function<void()> on_sent;
  int starts = 0;

 private:
  StepWriter* writer_ = nullptr;
};

struct RunDriverTest : testing::Test, EngineFixture {
  RunDriverTest() {
    driver.connect(*engine);
    host.next = &driver;
  }
  ~RunDriverTest() override { driver.stop(); }

  LineLog lines{LineLog::Level::error, LineLog::Style::text};
  HeldAgent agent;
  // It lives as long as the fixture, so no caller has to hold it.
  RunDriver driver{
      [this](const AgentName&) { return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), &agent); },
      executor, lines};
};

// Another thread, as a list of works that the test lets go.
class HeldOffload : public Offload {
 public:
  void offload(Executor::Task work, Executor::Task then) override {
    waiting_.emplace_back(std::move(work), std::move(then));
  }
  // Runs the works so far, and all that they bring.
  void run() {
    while (!waiting_.empty()) {
      auto [work, then] = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      work();
      then();
    }
  }
  [[nodiscard]] bool is_empty() const { return waiting_.empty(); }

 private:
  std::vector<std::pair<Executor::Task, Executor::Task>> waiting_;
};

struct RunFilesTest : RunDriverTest {
  RunFilesTest() { driver.compose_with(composer); }

  static Change ask_with_file(const BlobHash& hash) {
    Change change = change_of(ask("r1", "u1", "Look."));
    auto& input = std::get<StartRun>(change.what).input;
    input.front().parts.edit().emplace_back(FilePart{hash.uri(), "image/png", "cat.png"});
    return change;
  }

  FewBlobs blobs;
  HeldOffload offload;
  MemoryAccount account{std::size_t{1} << 30};
  RequestComposer composer{blobs, offload, &account};
};

TEST_F(RunFilesTest, AModelIsAskedWhenTheFilesOfItsPathAreRead) {
  const BlobHash cat = blobs.add("image/png", "a cat");
  synced({ask_with_file(cat)});
  executor.run();
  ASSERT_FALSE(agent.is_asked());

  offload.run();
  executor.run();

  EXPECT_TRUE(agent.is_asked());
  ASSERT_EQ(agent.files.size(), 1u);
  EXPECT_EQ(agent.files.front().uri, cat.uri());
  EXPECT_EQ(*agent.files.front().bytes, "a cat");
  EXPECT_EQ(account.bytes(MemoryKind::models), 0u) << "the bytes are in the request only";
}

TEST_F(RunFilesTest, ARunThatIsStoppedMeanwhileReadsNoFileAndAsksNoModel) {
  const BlobHash cat = blobs.add("image/png", "a cat");
  synced({ask_with_file(cat)});
  executor.run();
  synced({change_of(stop("r1"))});
  executor.run();

  offload.run();
  executor.run();

  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_FALSE(agent.is_asked());
  EXPECT_EQ(blobs.reads, 0u);
}

TEST_F(RunFilesTest, AFileThatIsGoneKeepsNoModelFromBeingAsked) {
  const BlobHash cat = blobs.add("image/png", "a cat");
  synced({ask_with_file(cat)});
  blobs.drop(cat);

  offload.run();
  executor.run();

  EXPECT_TRUE(agent.is_asked());
  EXPECT_TRUE(agent.files.empty());
}

TEST_F(RunFilesTest, TheBytesOfFilesAreCountedWhileTheyAreRead) {
  const BlobHash cat = blobs.add("image/png", std::string(1000, 'x'));
  std::size_t counted = 0;
  agent.on_sent = [&] { counted = account.bytes(MemoryKind::models); };
  synced({ask_with_file(cat)});

  offload.run();

  EXPECT_GE(counted, 1000u);
}

TEST_F(RunFilesTest, APathWithoutFilesWaitsForNoOtherThread) {
  synced({change_of(ask("r1", "u1", "hello"))});
  executor.run();

  EXPECT_TRUE(offload.is_empty());
  EXPECT_TRUE(agent.is_asked());
}

TEST_F(RunDriverTest, AModelThatPausedGoesOnWhenItsStepsAreDurable) {
  synced({change_of(ask("r1", "u1", "hello"))});
  agent.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  std::size_t said = 0;
  while (agent.say(AppendContent{mid("a1"), 0, "x"})) ASSERT_LT(++said, 2 * limits::run_steps_high);
  ++said;
  ASSERT_EQ(agent.seen.pauses_ended, 0);

  executor.run();
  const int pauses_ended = agent.seen.pauses_ended;
  agent.say(EndMessage{mid("a1"), MessageStatus::complete, {}});
  agent.say(EndRun{RunStatus::completed, {}, {}});
  executor.run();

  EXPECT_EQ(pauses_ended, 1);
  EXPECT_EQ(text("a1").size(), said);
  EXPECT_EQ(run("r1").status, RunStatus::completed);
  EXPECT_FALSE(agent.seen.alive);
}

TEST_F(RunDriverTest, AModelIsAskedOnlyWhenTheRepairsOfItsRequestAreDurable) {
  agent.repairs = {{.kind = "joined", .count = 2, .ids = {"u0", "u1"}, .text = "A sentence."}};
  const auto asked = ask_for(request({change_of(ask("r1", "u1", "hello"))}));
  while (host.starts.empty()) ASSERT_TRUE(executor.step());
  ASSERT_FALSE(agent.is_asked());

  while (!agent.is_asked()) ASSERT_TRUE(executor.step());

  const std::vector<NotedRepair> noted{{"joined", 2, {"u0", "u1"}}};
  EXPECT_EQ(run("r1").repairs, noted);
}

TEST_F(RunDriverTest, ARunThatIsStoppedWhileItsRepairsAreWrittenKeepsNoModel) {
  agent.repairs = {{.kind = "joined", .count = 1, .ids = {"u1"}, .text = "A sentence."}};
  const auto asked = ask_for(request({change_of(ask("r1", "u1", "hello"))}));
  while (host.starts.empty()) ASSERT_TRUE(executor.step());
  const auto stopped = ask_for(request({change_of(stop("r1"))}));

  executor.run();

  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_FALSE(agent.seen.alive);
}

// They have texts without kinds, which `…/context` shows.
TEST_F(RunDriverTest, RepairsOfAnEarlierFormatAreNotNoted) {
  agent.repairs = {{.text = "the run's settings are of an unknown format"}};
  synced({change_of(ask("r1", "u1", "hello"))});
  executor.run();

  EXPECT_TRUE(agent.is_asked());
  EXPECT_TRUE(run("r1").repairs.empty());
}

TEST_F(RunDriverTest, ARunWhoseStepsAreRefusedWhileOthersWaitEndsFailed) {
  synced({change_of(put("a1", "this id is taken"))});
  synced({change_of(ask("r1", "u1", "hello"))});

  agent.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  for (const char* word : {"one ", "two ", "three "}) agent.say(AppendContent{mid("a1"), 0, word});
  executor.run();

  const auto ended = run("r1");
  EXPECT_EQ(ended.status, RunStatus::failed);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, "exists");
  EXPECT_FALSE(agent.seen.alive);
}

TEST_F(RunDriverTest, ARunThatEndsFailedOrInterruptedIsOneLine) {
  LineLog all{LineLog::Level::info, LineLog::Style::text};
  RunDriver told([](const AgentName&) { return std::shared_ptr<Agent>(); }, executor, all);
  const auto lines_of = [&](RunStatus status) {
    lockstep::Run over;
    over.id = rid("r1");
    over.agent = AgentName("push");
    over.status = status;
    over.error = RunError{"silent", "its writer said nothing"};
    testing::internal::CaptureStderr();
    told.ended(name(), over);
    return testing::internal::GetCapturedStderr();
  };
  const std::string fields = " run=r1 agent=push code=silent detail=\"its writer said nothing\"\n";

  EXPECT_TRUE(lines_of(RunStatus::failed).contains(" error run_failed user="));
  EXPECT_TRUE(lines_of(RunStatus::failed).ends_with(fields));
  EXPECT_TRUE(lines_of(RunStatus::interrupted).contains(" info run_interrupted user="));
  EXPECT_TRUE(lines_of(RunStatus::interrupted).ends_with(fields));
  for (const auto other : {RunStatus::completed, RunStatus::stopped, RunStatus::superseded}) {
    EXPECT_EQ(lines_of(other), "");
  }
}

// The agent `default` has the fallback `second`, and that one `nobody`, which the engine refuses.
struct FallbackTest : RunDriverTest {
  FallbackTest() {
    falling.connect(*engine);
    host.next = &falling;
    synced({change_of(ask("r1", "u1", "hello"))});
  }
  ~FallbackTest() override {
    host.next = nullptr;
    falling.stop();
  }
  static EndRun failure(std::string code) {
    return {RunStatus::failed, RunError{std::move(code), "no"}, {}};
  }

  HeldAgent second;
  RunDriver falling{[this](const AgentName& name) {
                      HeldAgent* found = name.get() == "second" ? &second : &agent;
                      return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), found);
                    },
                    executor,
                    lines,
                    nullptr,
                    nullptr,
                    [](const AgentName& name) {
                      return AgentName(name.get() == "second" ? "nobody" : "second");
                    }};
};

TEST_F(FallbackTest, TakesARunOverThatHasShownNothing) {
  agent.say(failure("upstream_unauthorized"));
  EXPECT_FALSE(second.is_asked());
  executor.run();

  EXPECT_FALSE(agent.seen.alive);
  ASSERT_TRUE(second.is_asked());
  EXPECT_EQ(run("r1").attempt, 2U);
  EXPECT_EQ(run("r1").agent, AgentName("second"));
  second.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  second.say(EndRun{});
  executor.run();
  EXPECT_EQ(run("r1").status, RunStatus::completed);
  EXPECT_FALSE(second.seen.alive);
}

TEST_F(FallbackTest, IsAskedWhenTheAttemptIsDurableAndNotBefore) {
  agent.say(failure("upstream_unauthorized"));
  while (run("r1").attempt == 1) {
    ASSERT_FALSE(second.is_asked());
    ASSERT_TRUE(executor.step());
  }
  executor.run();
  EXPECT_TRUE(second.is_asked());
}

// A server that dies before its first word is what a fallback is for.
TEST_F(FallbackTest, TakesARunOverWhoseConnectionBrokeBeforeTheFirstWord) {
  agent.say(EndRun{RunStatus::interrupted, RunError{"upstream_interrupted", "it broke"}, {}});
  executor.run();
  EXPECT_TRUE(second.is_asked());
  EXPECT_EQ(run("r1").attempt, 2U);
}

TEST_F(FallbackTest, IsNotAskedOnceAMessageIsOpen) {
  agent.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  agent.say(failure("upstream_failed"));
  executor.run();
  EXPECT_EQ(run("r1").status, RunStatus::failed);
  EXPECT_EQ(run("r1").attempt, 1U);
}

TEST_F(FallbackTest, IsNotAskedWhatAProviderHasFiltered) {
  agent.say(failure("content_filter"));
  executor.run();
  EXPECT_EQ(run("r1").error->code, "content_filter");
  EXPECT_EQ(run("r1").attempt, 1U);
}

TEST_F(FallbackTest, ThatIsRefusedLeavesTheErrorOfTheAgentBeforeIt) {
  agent.say(failure("upstream_unauthorized"));
  executor.run();
  second.say(failure("no_credit"));
  executor.run();
  EXPECT_EQ(run("r1").status, RunStatus::failed);
  EXPECT_EQ(run("r1").error->code, "no_credit");
  EXPECT_EQ(run("r1").attempt, 2U);
  EXPECT_FALSE(second.seen.alive);
}

TEST_F(FallbackTest, IsNotAskedForARunThatWasStoppedMeanwhile) {
  agent.say(failure("upstream_unauthorized"));
  synced({change_of(StopRun{rid("r1"), {}})});
  executor.run();
  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_FALSE(second.seen.alive);
}

TEST_F(RunDriverTest, DurableStepsAreNotHeldAnyMore) {
  MemoryAccount models(limits::memory_bytes_max);
  RunDriver counted(
      [this](const AgentName&) { return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), &agent); },
      executor, lines, &models);
  counted.connect(*engine);
  host.next = &counted;
  synced({change_of(ask("r1", "u1", "hello"))});
  agent.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  executor.run();
  const std::size_t of_the_model = models.bytes(MemoryKind::models);

  for (int at = 0; at < 10; ++at) agent.say(AppendContent{mid("a1"), 0, std::string(1'000, 'x')});
  EXPECT_GT(models.bytes(MemoryKind::models), of_the_model + 10'000);
  executor.run();

  EXPECT_EQ(models.bytes(MemoryKind::models), of_the_model);
  host.next = nullptr;
  counted.stop();
}

TEST_F(RunDriverTest, AStopOfTheRunEndsItsModelAtOnce) {
  synced({change_of(ask("r1", "u1", "hello"))});
  agent.say(OpenMessage{mid("a1"), {}, Role::assistant, {}});
  executor.run();
  ASSERT_TRUE(agent.seen.alive);

  synced({change_of(StopRun{rid("r1"), {}})});

  EXPECT_FALSE(agent.seen.alive);
  EXPECT_EQ(run("r1").status, RunStatus::stopped);
}

// The agent has one slot.
struct RunDriverSlots : testing::Test, EngineFixture {
  RunDriverSlots() {
    driver.connect(*engine);
    host.next = &driver;
  }
  ~RunDriverSlots() override { driver.stop(); }

  // A thread with a run of this name starts.
  void asks(const std::string& run) {
    thread = ThreadId("of-" + run);
    synced({change_of(ask(run, "u-" + run, "hello"))});
  }
  void stops(const std::string& run) {
    thread = ThreadId("of-" + run);
    synced({change_of(StopRun{rid(run), {}})});
    executor.run();
  }
  bool waits(const std::string& run) {
    return driver.waits_for_slot({user, ThreadId("of-" + run)}, rid(run));
  }
  AgentLoad load() { return driver.load(AgentName("default")); }

  LineLog lines{LineLog::Level::error, LineLog::Style::text};
  HeldAgent agent;
  std::optional<std::uint32_t> limit = 1;
  RunDriver driver{
      [this](const AgentName&) { return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), &agent); },
      executor, lines, nullptr, [this](const AgentName&, RunSlots::Limit) { return limit; }};
};

TEST_F(RunDriverSlots, ARunWithoutASlotHasStartedForItsThreadAndAsksNoModel) {
  asks("r1");
  asks("r2");

  EXPECT_EQ(run("r2").status, RunStatus::running);
  EXPECT_EQ(text("u-r2"), "hello") << "its question is in the thread";
  EXPECT_EQ(agent.starts, 1);
  EXPECT_TRUE(waits("r2"));
  EXPECT_FALSE(waits("r1"));
  EXPECT_EQ(load(), (AgentLoad{1, 1}));

  agent.say(EndRun{RunStatus::completed, {}, {}});
  executor.run();
  EXPECT_EQ(agent.starts, 2);
  EXPECT_FALSE(waits("r2"));
  agent.say(EndRun{RunStatus::completed, {}, {}});
  executor.run();
  EXPECT_EQ(run("r2").status, RunStatus::completed);
  EXPECT_EQ(load(), AgentLoad());
}

TEST_F(RunDriverSlots, AStopOfARunThatWaitsFreesItsPlaceAndOfOneAtWorkItsSlot) {
  for (const char* name : {"r1", "r2", "r3"}) asks(name);

  stops("r2");
  EXPECT_EQ(run("r2").status, RunStatus::stopped);
  EXPECT_EQ(load(), (AgentLoad{1, 1}));
  EXPECT_EQ(agent.starts, 1);
  stops("r1");

  EXPECT_EQ(agent.starts, 2);
  EXPECT_FALSE(waits("r3"));
  EXPECT_EQ(load(), (AgentLoad{1, 0}));
}

TEST_F(RunDriverSlots, AChangedLimitLetsRunsBegin) {
  for (const char* name : {"r1", "r2", "r3"}) asks(name);

  limit = 2;
  driver.limits_changed();
  executor.run();
  EXPECT_EQ(agent.starts, 2);
  limit.reset();
  driver.limits_changed();
  executor.run();

  EXPECT_EQ(agent.starts, 3);
  EXPECT_EQ(load(), (AgentLoad{3, 0}));
}

}  // namespace
}  // namespace lockstep::test
