// SPDX-License-Identifier: Apache-2.0
// process_life.h: all that dies with a simulated process, in the order of construction.
//
// Lives on: the simulation's one thread.
#pragma once

#include "engine/base/alive.h"
#include "engine/rocks/kv_log.h"
#include "engine/rules/written_by_claims.h"
#include "server/run_driver.h"
#include "server/worker_runs.h"
#include "tests/sim/process_parts.h"
#include "tests/support/story.h"

namespace lockstep::sim {

// Long compared with any pause of a producer; a run that its producer gave up still ends.
inline constexpr std::chrono::seconds silence_max{90};
inline constexpr std::uint64_t busy_tasks_max =
    4;  // of the strand, while the disk is at one commit

// So long nobody may claim a run of `hands`, and so often a worker may be lost.
inline constexpr std::chrono::seconds claim_max{6};
inline constexpr std::uint32_t attempts_max = 3;

// Is a run going on whose writer is outside? Then a restart ends no run.
inline bool outlives(const test::ThreadTruth& truth) {
  if (truth.outlives()) return true;
  return truth.running() && truth.run(*truth.running())->agent == AgentName("hands");
}

// Workers claim the runs of `hands`.
struct SimAgents : test::AnyAgents {
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const override {
    if (agent == AgentName("hands") && of_hands(settings)) return written_by_claims;
    return AnyAgents::outlives(agent, settings);
  }
  [[nodiscard]] bool wrote_outside(std::string_view settings) const override {
    return of_hands(settings) || AnyAgents::wrote_outside(settings);
  }
  [[nodiscard]] static bool of_hands(std::string_view settings) {
    return settings.starts_with("{\"agent\":\"hands\"");
  }
};

struct Process::Life {
  explicit Life(Process& process)
      : executor(process.loop_, process.chance_, [&process] { process.poke(); }),
        beside(process.loop_, process.chance_, executor, process.judge_.records.counts),
        fail_stop([](const std::string&) {}),
        kv(process.disk_, process.judge_.records,
           [this, &process] { executor.run_some(process.chance_.upto(busy_tasks_max)); }),
        witness(process.disk_),
        driver([&process](const AgentName& name) { return process.find_agent(name); }, executor,
               process.lines_),
        workers({.executor = executor,
                 .clock = process.clock,
                 .random = process.random_,
                 .log = process.lines_,
                 .rules_of = [](const AgentName& agent) -> std::optional<WorkerRules> {
                   if (agent != AgentName("hands")) return std::nullopt;
                   return WorkerRules{
                       .claim_max = claim_max, .retries = true, .attempts_max = attempts_max};
                 }}) {
    driver.hand_outside_runs_to(workers);
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
  SimAgents agents;
  RunDriver driver;  // outlives the engine, because it is the engine's host
  WorkerRuns workers;
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
