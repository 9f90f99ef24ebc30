// SPDX-License-Identifier: Apache-2.0
// agent_slots.h: connects the configured agents with the driver of their runs.
//
// The driver does not know the configuration, and the agents do not know runs: here the driver gets
// the present limits, and fronts get what both know of an agent.
//
// Lives on: the engine strand.
#pragma once

#include "server/inference/live_agents.h"
#include "server/run_driver.h"
#include "server/server.h"
#include "server/worker_runs.h"

namespace lockstep {

// Requires of all: the agents outlive what they return, and the driver too.
[[nodiscard]] RunDriver::FindAgent finder_of(const LiveAgents& agents);
[[nodiscard]] RunDriver::FallbackOf fallbacks_of(const LiveAgents& agents);
[[nodiscard]] RunSlots::LimitOf limits_of(const LiveAgents& agents);
struct WorkerMeans {
  Executor& executor;
  Clock& clock;
  Random& random;
  LineLog& log;
  MemoryAccount& memory;
};
// The workers' runs follow what these agents say of them.
[[nodiscard]] WorkerRuns::Parts worker_parts(const LiveAgents& agents, const WorkerMeans& means);
// Both hosts of runs get the engine. Requires: called right after the engine was opened.
void connect(RunDriver& driver, WorkerRuns& workers, Engine& engine);
// No host calls the engine after it.
void disconnect(RunDriver& driver, WorkerRuns& workers);
// The parts of a server, with these agents.
[[nodiscard]] ServerParts with_agents(ServerParts parts, const LiveAgents& agents,
                                      const RunDriver& driver, WorkerRuns& workers);

}  // namespace lockstep
