// SPDX-License-Identifier: Apache-2.0
// world.h: one simulation: a seed, a plan, and all participants.
//
//   plan ─> users ─> devices ─┐                       ┌─ models
//                             ├─ network ── process ──┤
//   plan ─> faults            │                │      └─ engine, log, simulated disk
//           producers ────────┘              judge
//
// When the plan is over everything heals: the server stays up, the network carries everything, the
// devices come back. Then all must come to rest: every change has an answer, and every screen
// equals the stored thread.
//
// Lives on: the simulation's one thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/device.h"
#include "tests/sim/plan.h"
#include "tests/sim/producer.h"
#include "tests/sim/shelf.h"
#include "tests/sim/worker.h"

namespace lockstep::sim {

struct Story {
  std::string wrong;  // the broken law, in words; empty: all hold
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  Micros time{0};
};

struct Options {
  std::uint64_t seed = 1;
  std::set<std::size_t> without = {};  // acts that are left out, by their place in the plan
  std::function<void(Micros, std::string_view)> on_trace = {};
};

class World {
 public:
  World(const Options& options, test::Counts& counts);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Story run();

 private:
  void act(const Act& act);
  void user_acts(const Act& act, Chance& chance);
  void server_acts(const Act& act, Chance& chance);
  void weather_turns(const Act& act);
  void people_come();
  void workers_come();
  void server_stops();
  void server_died();
  void heal();
  void come_to_rest();
  void check_rest();
  void check_reading(Device& device);
  Device& some_device(Chance& chance);
  std::unique_ptr<Generation> run_started(const Context& context, StepWriter& writer);
  // Somebody outside writes this run from now on, if nobody does yet.
  void writer_comes(const ThreadName& thread, const RunId& run);
  [[nodiscard]] bool at_rest() const;
  // Does a run of workers go on?
  [[nodiscard]] bool workers_have_runs() const;
  [[nodiscard]] const std::string& wrong() const { return judge_.records.wrong; }

  // --- Changes by users (users.cc)
  void crowd(Chance& chance);
  Memory::What some_change(Device& device, ActKind kind, Chance& chance);
  MessageId some_answer(Device& device, Chance& chance);
  std::optional<std::string> some_call(Device& device, Chance& chance);
  StartRun some_start(Device& device, Chance& chance);
  StopRun some_stop(Device& device, Chance& chance);
  PutMessage some_put(Device& device, Chance& chance);
  UpdateThread some_approved_tools(Chance& chance);
  MessageId some_message(Device& device, Chance& chance);
  std::string word(Chance& chance);

  // --- Answers and decisions about calls (call_users.cc)
  struct ShownCall {
    MessageId message;
    std::string call;
    std::optional<CallStatus> note;
  };
  std::vector<ShownCall> shown_calls(Device& device, const std::optional<RunId>& run);
  ShownCall some_shown_call(Device& device, Chance& chance);
  AnswerCall some_answer_of(const ShownCall& call, Chance& chance);
  DecideCall some_decision(const ShownCall& call, Chance& chance);
  std::vector<Memory::What> settle_calls(Device& device, Chance& chance);

  // --- Reads besides syncs (visits.cc)
  void look(Chance& chance);
  void look_at_page(const ThreadName& name, const Screen& screen, const Cursor& at, Chance& chance);
  void trespass(Chance& chance);

  // --- Writes that must be refused (strangers.cc)
  void meddle(Chance& chance);
  void ask_astray(Chance& chance);
  void flood(const ThreadName& name);
  void drawer(Chance& chance);

  std::uint64_t seed_;
  std::set<std::size_t> without_;
  Loop loop_;
  Judge judge_;
  Process process_;
  Network network_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Shelf>> shelves_;
  std::vector<std::shared_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::set<std::pair<ThreadName, RunId>> runs_started_;
  std::uint64_t names_ = 0;
  bool healing_ = false;
};

}  // namespace lockstep::sim
