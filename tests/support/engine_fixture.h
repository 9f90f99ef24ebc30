// SPDX-License-Identifier: Apache-2.0
// engine_fixture.h: an engine that a test steps by hand.
//
// One strand, one clock, random numbers from a seed, a log in memory: the same test is the same
// run. Nothing happens until `run()`, so a test decides what is in flight when the next input
// comes. `restart` ends the engine as a crash would (it sends no answers) and opens another one on
// the same log.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/live/engine.h"
#include "engine/rules/diff.h"
#include "engine/store/log_memory.h"
#include "tests/support/given.h"
#include "tests/support/story.h"

namespace lockstep::test {

// A strand that the test steps. Timers fire when time is moved to them.
class SteppedExecutor : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void post_after(std::chrono::microseconds delay, Task task) override {
    timers_.emplace(now_ + delay, std::move(task));
  }
  [[nodiscard]] bool runs_here() const override { return true; }

  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }
  bool step() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void run() {
    std::size_t steps = 0;
    while (step()) MUST(++steps < limits::messages_max);  // else it never comes to rest
  }
  void pass(std::chrono::microseconds time) {
    now_ += time;
    while (!timers_.empty() && timers_.begin()->first <= now_) {
      Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      post(std::move(task));
    }
  }

 private:
  std::deque<Task> tasks_;
  std::multimap<std::chrono::microseconds, Task> timers_;
  std::chrono::microseconds now_{0};
};

// Work off the strand: the test runs it, and its end posts to the strand.
class SteppedOffload : public Offload {
 public:
  explicit SteppedOffload(Executor& executor) : executor_(executor) {}
  void offload(Executor::Task work, Executor::Task then) override {
    waiting_.emplace_back(std::move(work), std::move(then));
  }

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  void step() {
    MUST(!waiting_.empty());
    auto [work, then] = std::move(waiting_.front());
    waiting_.pop_front();
    work();
    work = nullptr;
    executor_.post(std::move(then));
  }

 private:
  Executor& executor_;
  std::deque<std::pair<Executor::Task, Executor::Task>> waiting_;
};

// Goes on by one microsecond a look.
class SteppedClock : public Clock {
 public:
  [[nodiscard]] Timestamp now() override { return Timestamp(++now_); }
  void set(std::uint64_t now) { now_ = now; }

 private:
  std::uint64_t now_ = 1'000'000;
};

class CountedRandom : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override { return ++next_ * 0x9E3779B97F4A7C15ull; }

 private:
  std::uint64_t next_ = 0;
};

// The log in memory for one engine after another. An append can be made to fail.
class ReopenedLog : public Log {
 public:
  ReopenedLog(LogMemory& memory, Executor& executor) : memory_(memory), executor_(executor) {
    memory_.follow([this](std::span<const Committed> committed) {
      ++commits;
      if (on_commit_) on_commit_(committed);
    });
  }

  void append(Append append, Done<Result<CommitNumber>> done) override {
    ++appends;
    if (fail_next) {
      auto error = *std::exchange(fail_next, std::nullopt);
      return executor_.post([done = std::move(done), error = std::move(error)]() mutable {
        done(std::unexpected(std::move(error)));
      });
    }
    memory_.append(std::move(append), std::move(done));
  }
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override {
    ++reads;
    auto entries = memory_.read(thread, after, entries_max, bytes_max);
    if (spoil && thread == *spoil) {
      for (StoredEntry& entry : *entries) entry.bytes = "spoilt";
    }
    return entries;
  }
  void follow(OnCommit on_commit) override { on_commit_ = std::move(on_commit); }
  [[nodiscard]] CommitNumber last_commit() const override { return memory_.last_commit(); }
  void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override {
    // The real log counts the entries that it erases, so it reads the damaged block.
    if (spoil && std::ranges::find(erase, *spoil) != erase.end()) {
      return executor_.post([done = std::move(done)]() mutable {
        done(fail(Kind::corrupt, codes::corrupt, "a damaged block"));
      });
    }
    memory_.write(std::move(rows), std::move(erase), std::move(done));
  }

  int appends = 0;
  int commits = 0;
  mutable int reads = 0;
  std::optional<Error> fail_next;     // fails the next append with this
  std::optional<ThreadNumber> spoil;  // the entries of this thread are damaged

 private:
  LogMemory& memory_;
  Executor& executor_;
  OnCommit on_commit_;
};

struct Started {
  AgentName agent;
  Context context;
  std::uint32_t attempt = 0;
};

class RecordingHost : public RunHost {
 public:
  void started(const AgentName& agent, Context context, std::uint32_t attempt) override {
    starts.push_back({agent, context, attempt});
    if (next) next->started(agent, std::move(context), attempt);
  }
  void ended(const ThreadName& thread, const Run& run) override {
    ends.push_back(run.id);
    if (next) next->ended(thread, run);
  }

  RunHost* next = nullptr;  // gets the same calls
  std::vector<Started> starts;
  std::vector<RunId> ends;
};

class CountingFollower : public Follower {
 public:
  void wake() override { ++wakes; }
  int wakes = 0;
};

// The answer of a call that is answered later.
template <class T>
class Answer {
 public:
  [[nodiscard]] Done<T> done() {
    return [kept = kept_](T value) {
      MUST(!kept->has_value());  // answered once
      kept->emplace(std::move(value));
    };
  }
  [[nodiscard]] bool has_come() const { return kept_->has_value(); }
  // Requires: it has come.
  T& operator*() const {
    MUST(has_come());
    return **kept_;
  }
  T* operator->() const { return &**this; }

 private:
  std::shared_ptr<std::optional<T>> kept_ = std::make_shared<std::optional<T>>();
};

using StepsAnswer = Answer<std::expected<StepAck, StepRefusal>>;

class EngineFixture {
 public:
  EngineFixture() { start(); }

  void start() {
    Answer<Result<void>> ready;
    auto opened = Engine::open(parts(), host, ready.done());
    MUST(opened.has_value());
    engine = std::move(*opened);
    executor.run();
    MUST(ready.has_come() && ready->has_value());
  }

  // As after a crash: the entries in flight are durable, but no caller got an answer.
  void restart() {
    engine.reset();
    executor.run();
    metrics = {};
    host = {};
    start();
  }

  Engine::Parts parts() {
    return {.log = log,
            .store = memory,
            .clock = clock,
            .random = random,
            .executor = executor,
            .agents = agents,
            .is_json_object = is_json_object,
            .metrics = metrics,
            .crash_mark = crash_mark,
            .memory = &account,
            .offload = offloads ? &offload : nullptr,
            .blobs = blobs,
            .blob_offload = blobs_offload ? &offload : nullptr};
  }

  // --- Requests of fronts and producers ----------------------------------------------------------

  // The user's own thread.
  [[nodiscard]] ThreadName name() const { return {user, thread}; }

  SyncRequest request(std::vector<Change> changes, std::optional<Cursor> cursor = {}) {
    SyncRequest request;
    request.thread = name();
    request.changes.user = user;
    request.changes.device = device;
    request.changes.cursor = cursor;
    request.changes.changes = std::move(changes);
    return request;
  }
  Answer<Result<SyncReply>> ask_for(SyncRequest request) {
    Answer<Result<SyncReply>> answer;
    engine->sync(std::move(request), answer.done());
    return answer;
  }
  // Asked and answered.
  Result<SyncReply> sync(std::vector<Change> changes, std::optional<Cursor> cursor = {}) {
    return answer_to(request(std::move(changes), cursor));
  }
  Result<SyncReply> answer_to(SyncRequest request) {
    auto answer = ask_for(std::move(request));
    executor.run();
    return *answer;
  }
  SyncReply synced(std::vector<Change> changes, std::optional<Cursor> cursor = {}) {
    auto reply = sync(std::move(changes), cursor);
    MUST(reply.has_value());
    return *reply;
  }

  StepsAnswer send(StepBatch batch) {
    StepsAnswer answer;
    engine->write(std::nullopt, name(), std::move(batch), answer.done());
    return answer;
  }
  std::expected<StepAck, StepRefusal> write(StepBatch batch) {
    auto answer = send(std::move(batch));
    executor.run();
    return *answer;
  }

  // A run `r1` over `u1`, with the message `a1` open.
  void start_streaming() {
    MUST(sync({change_of(ask("r1", "u1", "hello"))}).has_value());
    MUST(write(batch("r1", {opened(1, "a1")})).has_value());
  }

  // --- Observations ------------------------------------------------------------------------------

  Reading reading(std::optional<Timestamp> at = {}) {
    auto reading = engine->read(user, name(), at);
    MUST(reading.has_value());
    return *reading;
  }
  std::string text(const std::string& id) {
    const Reading now = reading();
    const Message* message = now.screen.message(mid(id));
    return message ? text_of(*message) : "<gone>";
  }
  Run run(const std::string& id) {
    auto run = engine->run(user, name(), rid(id));
    MUST(run.has_value());
    return *run;
  }
  // All entries after `after`, read as a follower does.
  std::vector<Entry> entries(Timestamp after = {}) {
    std::vector<Entry> entries;
    while (true) {
      auto slice = engine->entries(user, name(), after, limits::read_bytes_max);
      MUST(slice.has_value());
      for (const auto& published : slice->entries) entries.push_back(*published->entry);
      if (slice->entries.empty()) return entries;
      after = entries.back().at;
    }
  }

  MemoryAccount account{limits::memory_bytes_max};
  SteppedExecutor executor;
  SteppedClock clock;
  CountedRandom random;
  AnyAgents agents;
  Metrics metrics;
  RecordingHost host;
  CrashMarker* crash_mark = nullptr;
  SteppedOffload offload{executor};
  bool offloads = false;       // of the next start
  Blobs* blobs = nullptr;      // the same
  bool blobs_offload = false;  // the same
  LogMemory memory{executor, Epoch(0xabcdef)};
  ReopenedLog log{memory, executor};
  std::unique_ptr<Engine> engine;

  ThreadId thread{"t1"};
  UserId user{"ann"};
  DeviceId device{"phone"};
};

inline std::string code_of(const Result<SyncReply>& reply) {
  return reply ? "" : reply.error().code;
}

}  // namespace lockstep::test
