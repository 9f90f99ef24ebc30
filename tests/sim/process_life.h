// SPDX-License-Identifier: Apache-2.0
// process_life.h: all that dies with a simulated process, in the order of construction.
//
// Lives on: the simulation's one thread.
#pragma once

#include "engine/base/alive.h"
#include "engine/rocks/kv_log.h"
#include "server/run_driver.h"
#include "tests/sim/process_parts.h"
#include "tests/support/story.h"

namespace lockstep::sim {

// Long compared with any pause of a producer; a run that its producer gave up still ends.
inline constexpr std::chrono::seconds silence_max{90};
inline constexpr std::uint64_t busy_tasks_max =
    4;  // of the strand, while the disk is at one commit

struct Process::Life {
  explicit Life(Process& process)
      : executor(process.loop_, process.chance_, [&process] { process.poke(); }),
        beside(process.loop_, process.chance_, executor, process.judge_.records.counts),
        fail_stop([](const std::string&) {}),
        kv(process.disk_, process.judge_.records,
           [this, &process] { executor.run_some(process.chance_.upto(busy_tasks_max)); }),
        witness(process.disk_),
        driver([&process](const AgentName& name) { return process.find_agent(name); }, executor,
               process.lines_) {
    agents.silence_max = silence_max;
    agents.answers_in = answers_in;
  }
  ~Life() = default;
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  StrandExecutor executor;
  BesideStrand beside;
  FailStop fail_stop;
  BusyKv kv;
  SimWitness witness;
  Metrics metrics;
  test::AnyAgents agents;
  RunDriver driver;  // outlives the engine, because it is the engine's host
  std::unique_ptr<KvLog> log;
  std::unique_ptr<test::SpiedLog> spied;
  std::unique_ptr<MortalLog> mortal;
  std::unique_ptr<Engine> engine;
  bool stopping = false;
  bool ready = false;
  bool committing = false;
  Alive alive;
};

}  // namespace lockstep::sim
