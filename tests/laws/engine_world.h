// SPDX-License-Identifier: Apache-2.0
// engine_world.h: an engine among fronts, producers and power cuts.
//
// A seed gives a world: the real engine over the real log on a simulated disk, a strand and a
// committer that are stepped at random moments, and a clock that jumps both ways. Devices of
// several users change, follow, drop, rejoin and delete threads, while producers write, repeat and
// get ahead of themselves. At random moments the power fails, also in the middle of a commit, or
// the server stops and starts again. Every answer is compared at once with the content of the disk
// (truth.h) and with the earlier answers.
//
// `Life` is one start of the server: everything that dies with the process.
#pragma once

#include <memory>
#include <random>

#include "engine/live/engine.h"
#include "engine/store/crash_mark.h"
#include "tests/laws/spied_store.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {

class JumpingClock : public Clock {
 public:
  [[nodiscard]] Timestamp now() override { return Timestamp(++now_); }
  std::uint64_t now_ = 1'000'000;
};

class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// One device of one user, on one thread: all that it keeps.
struct Front : Follower {
  void wake() override { dirty = true; }

  ThreadName thread;
  DeviceName device;
  Screen screen;
  std::uint64_t ops = 0;
  std::vector<SyncRequest> sent;                      // with ops: to be sent again
  std::map<std::uint64_t, Outcome> answered;          // by op: the first answer
  std::map<std::uint64_t, std::uint64_t> first_life;  // by op: when it was answered first
  std::size_t in_flight = 0;                          // requests with changes
  Timestamp gap;  // it asks for the entries after this timestamp, which is between two entries
  bool joined = false;
  bool dirty = false;  // there may be more to take
};

// The input that the host got for a run, to compare it with later reads.
struct Given {
  Context context;
  std::uint64_t life = 0;
};

class EngineWorld : private RunHost {
 public:
  EngineWorld(std::uint64_t seed, Counts& counts);
  ~EngineWorld() override;

  // `go_on` makes one more event happen; `finish` brings everything to rest. Both return the
  // broken law in words, or an empty text.
  [[nodiscard]] std::string go_on();
  [[nodiscard]] std::string finish();
  [[nodiscard]] const std::string& doing() const { return doing_; }
  [[nodiscard]] std::string latest() const;

 private:
  struct Life;
  // A call that was made: answered once, later, while the server lives.
  struct Call {
    std::string what;
    bool answered = false;
    bool was_deleted = false;
    Timestamp shown;             // of the thread, when it was made
    std::optional<RunId> steps;  // it may wait for this run's turn
    ThreadName thread;
  };

  // A thread's memory of a device's ops when it decided.
  struct Memory {
    std::vector<Ack> acks;
    bool made = false;  // the thread was there
  };

  // --- Chance and bookkeeping (engine_world.cc)
  std::uint64_t upto(std::uint64_t count) { return chance_() % count; }
  bool one_in(std::uint64_t count) { return upto(count) == 0; }
  ThreadTruth& truth(const ThreadName& id) { return records_.thread(id); }
  void count(const std::string& name) { ++counts_[name]; }
  void found(const std::string& what) { records_.found(what); }
  std::shared_ptr<Call> call(std::string what, const ThreadName& thread);
  void answered(Call& call);
  void is_durable(const ThreadName& thread, Timestamp at, const char* what);
  // Is this error one that the thread's state allows?
  void check_error(const Call& call, const std::string& code);
  void was_told_deleted(const ThreadName& thread);

  // --- The server's life (world_life.cc)
  void start();
  void open();
  void power_cut();
  bool all_mended();
  void after_start();
  void check_all_kept();
  void check_context(const ThreadName& thread, const RunId& run);
  void graceful_stop();
  void work_a_little();
  bool commit_once();
  void settle();
  void check_at_rest();
  void started(const AgentName& agent, Context context, std::uint32_t attempt) override;
  void ended(const ThreadName& thread, const Run& run) override;
  void next_turn(const ThreadName& thread, bool start, const RunId& run);

  // --- Fronts (world_fronts.cc, world_changes.cc)
  void add_thread(std::size_t slot);
  void front_acts(Front& front);
  void say_changes(Front& front);
  void say_again(Front& front);
  void send(Front& front, SyncRequest request);
  void replied(Front& front, const SyncRequest& request, const Screen& held,
               const Result<SyncReply>& reply, Call& call);
  void check_outcomes(Front& front, const SyncRequest& request, const SyncReply& reply);
  void check_outcome(Front& front, const Change& change, const Outcome& outcome,
                     const Memory& memory);
  void show(Front& front, const SyncReply& reply, const Screen& held);
  void ask_wrongly(Front& front);
  void catch_up(Front& front);
  void join(Front& front);
  void leave(Front& front);
  void rewind(Front& front);
  void take_slice(Front& front);
  void read(Front& front);
  void erase(Front& front);
  void erased(const ThreadName& thread);
  void ask_deleted();
  Change some_change(Front& front);
  StartRun some_start(Front& front);
  std::string some_message(Front& front);
  std::string word();
  SyncRequest request(const Front& front) const;

  // --- Producers (world_producers.cc)
  void producer_acts();
  void write(const ThreadName& thread, const RunId& run, StepBatch batch);
  void wrote(const ThreadName& thread, const StepBatch& batch,
             const std::expected<StepAck, StepRefusal>& answer, Call& call);
  void acked(const ThreadName& thread, const StepBatch& batch, const StepAck& ack);
  void refused(const ThreadName& thread, const StepBatch& batch, const StepRefusal& refusal);
  void plan_steps(const RunId& run, std::vector<Step>& steps);

  Counts& counts_;
  std::mt19937_64 chance_;
  Records records_;
  sim::SimDisk disk_;
  JumpingClock clock_;
  SeededRandom random_;
  AnyAgents agents_;
  std::unique_ptr<Life> life_;
  std::optional<Epoch> epoch_;
  std::vector<ThreadName> slots_;
  std::vector<ThreadName> gone_;
  std::vector<std::unique_ptr<Front>> fronts_;
  std::vector<std::shared_ptr<Call>> calls_;
  std::map<std::pair<ThreadName, RunId>, Given> given_;
  std::map<ThreadName, std::size_t> turns_told_;
  std::map<std::pair<ThreadName, RunId>,
           std::map<std::uint64_t, std::pair<Timestamp, std::uint64_t>>>
      step_acks_;
  std::string doing_;
  std::vector<std::string> done_;
  bool inside_ = false;  // a call into the engine
  bool stopping_ = false;
  bool cut_next_ = false;  // the power fails right after the last answer
  bool talkative_ = false;
  int names_ = 0;
  std::map<UserId, int> threads_made_;
};

}  // namespace lockstep::test
