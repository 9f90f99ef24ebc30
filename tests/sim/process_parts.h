// SPDX-License-Identifier: Apache-2.0
// process_parts.h: the parts of a simulated process, besides the engine and the log.
//
//   StrandExecutor   one event for each task, in order
//   BesideStrand     a thread for long work: the work is done a while later
//   BusyKv           while the disk is busy the strand goes on
//   MortalLog        a dying process can't append
//   said_to          the engine as its own run driver sees it: records what the driver writes
//
// Lives on: the simulation's one thread.
#pragma once

#include <deque>

#include "engine/base/alive.h"
#include "engine/base/limits.h"
#include "engine/base/offload.h"
#include "engine/rocks/committer.h"
#include "server/run_driver.h"
#include "tests/sim/process.h"
#include "tests/sim/steps_judge.h"

namespace lockstep::sim {

inline constexpr std::uint64_t strand_micros = 40;     // until a posted task runs, at most
inline constexpr std::uint64_t beside_micros = 3'000;  // usually, until long work is done

// One event for each task, in order.
class StrandExecutor : public Executor {
 public:
  StrandExecutor(Loop& loop, Chance& chance, std::function<void()> after_each)
      : loop_(loop), chance_(chance), after_each_(std::move(after_each)) {}

  void post(Task task) override {
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) schedule();
  }
  void post_after(std::chrono::microseconds delay, Task task) override {
    loop_.after(delay, "timer",
                alive_.guard([this, task = std::move(task)]() mutable { post(std::move(task)); }));
  }
  [[nodiscard]] bool runs_here() const override { return true; }

  [[nodiscard]] bool busy() const { return !tasks_.empty(); }

  // Runs tasks of the strand while another thread works.
  void run_some(std::uint64_t count) {
    for (; count > 0 && !tasks_.empty(); --count) run();
  }

 private:
  void schedule() {
    loop_.after(Micros(1 + chance_.upto(strand_micros)), "strand", alive_.guard([this] { run(); }));
  }
  void run() {
    if (tasks_.empty()) return;  // it ran while the disk was busy
    Task task = std::move(tasks_.front());
    const Alive::Watch own = alive_.watch();
    task();
    if (own.ended()) return;
    tasks_.pop_front();
    if (!tasks_.empty()) schedule();
    after_each_();
  }

  Loop& loop_;
  Chance& chance_;
  std::function<void()> after_each_;
  std::deque<Task> tasks_;
  Alive alive_;
};

// A thread for long work: one piece after another, each a while later, and the strand goes on
// meanwhile. Unfinished work dies with the process.
class BesideStrand : public Offload {
 public:
  BesideStrand(Loop& loop, Chance& chance, StrandExecutor& executor, test::Counts& counts)
      : loop_(loop), chance_(chance), executor_(executor), counts_(counts) {}

  void offload(Executor::Task work, Executor::Task then) override {
    ++counts_["entry written beside the strand"];
    waiting_.emplace_back(std::move(work), std::move(then));
    if (waiting_.size() == 1) begin();
  }

  [[nodiscard]] bool busy() const { return !waiting_.empty(); }

 private:
  void begin() {
    loop_.after(Micros(chance_.long_tailed(beside_micros)), "beside the strand",
                alive_.guard([this] { finish(); }));
  }
  void finish() {
    auto [work, then] = std::move(waiting_.front());
    waiting_.pop_front();
    work();
    executor_.post(std::move(then));
    if (!waiting_.empty()) begin();
  }

  Loop& loop_;
  Chance& chance_;
  StrandExecutor& executor_;
  test::Counts& counts_;
  std::deque<std::pair<Executor::Task, Executor::Task>> waiting_;
  Alive alive_;
};

// The disk as the committer sees it: while it is busy the strand goes on.
class BusyKv : public test::SpiedKv {
 public:
  BusyKv(SimDisk& disk, test::Records& records, std::function<void()> meanwhile)
      : SpiedKv(disk, records), meanwhile_(std::move(meanwhile)) {}

  [[nodiscard]] Result<void> commit(const KvBatch& batch) override {
    meanwhile_();
    return SpiedKv::commit(batch);
  }

 private:
  std::function<void()> meanwhile_;
};

// The log as the engine sees it: a dying process can't append.
class MortalLog : public Log {
 public:
  MortalLog(test::SpiedLog& log, Process& process) : log_(log), process_(process) {}
  void append(Append append, Done<Result<CommitNumber>> done) override {
    if (!process_.passes(Point::before_append)) return;
    log_.append(std::move(append), std::move(done));
    process_.passes(Point::after_append);
  }
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override {
    return log_.read(thread, after, entries_max, bytes_max);
  }
  void follow(OnCommit on_commit) override { log_.follow(std::move(on_commit)); }
  [[nodiscard]] CommitNumber last_commit() const override { return log_.last_commit(); }
  void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override {
    if (!process_.dying()) log_.write(std::move(rows), std::move(erase), std::move(done));
  }

 private:
  test::SpiedLog& log_;
  Process& process_;
};

// Models, and writers outside. The listener chooses the writer of a model's steps.
class SimAgent : public Agent {
 public:
  SimAgent(Process::Listener& listener, bool outside) : listener_(listener), outside_(outside) {}
  [[nodiscard]] AgentSettings settings(const std::optional<Json>&) const override { return {}; }
  // Some requests differ from their path, so that the driver notes it before the model begins.
  [[nodiscard]] Sent sent(const Context& context) const override {
    Sent sent;
    if (context.path.size() % 3 == 0 && !context.path.empty()) {
      sent.repairs.push_back({.kind = "joined", .ids = {context.path.back().id.get()}});
    }
    return sent;
  }
  [[nodiscard]] bool writes_outside() const override { return outside_; }
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent,
                                                  StepWriter& writer) override {
    return listener_.started(context, writer);
  }

 private:
  Process::Listener& listener_;
  bool outside_;
};

// Records a model's steps as the run driver passes them to the engine: they count as written.
inline RunDriver::Write said_to(Engine& engine, Process& process, Judge& judge) {
  return [&](std::optional<UserId> user, ThreadName thread, StepBatch batch,
             Done<std::expected<StepAck, StepRefusal>> done) {
    std::vector<Step>& said = judge.records.thread(thread).said[batch.run].of(batch.attempt);
    if (said.size() >= batch.steps.front().seq) said.resize(batch.steps.front().seq - 1);
    said.insert(said.end(), batch.steps.begin(), batch.steps.end());
    const std::uint64_t call = process.owes(thread, batch.run);
    engine.write(std::move(user), thread, batch,
                 [&process, &judge, thread, batch, call,
                  done = std::move(done)](std::expected<StepAck, StepRefusal> answer) mutable {
                   process.answers(call);
                   if (!process.passes(Point::before_ack)) return;
                   judge.look();
                   check_answer(judge, thread, batch, answer);
                   done(std::move(answer));
                 });
  };
}

}  // namespace lockstep::sim
