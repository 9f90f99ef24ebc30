// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/agent_slots.h"

#include <utility>
#include <vector>

namespace lockstep {

RunDriver::FindAgent finder_of(const LiveAgents& agents) {
  return [&agents](const AgentName& name) { return agents.find(name); };
}

RunDriver::FallbackOf fallbacks_of(const LiveAgents& agents) {
  return [&agents](const AgentName& name) { return agents.fallback(name); };
}

RunSlots::LimitOf limits_of(const LiveAgents& agents) {
  return [&agents](const AgentName& name, RunSlots::Limit last) {
    const auto face = agents.face(name);
    const std::shared_ptr<Agent> agent = agents.find(name);
    return face && agent && !agent->writes_outside() ? face->runs_at_once : last;
  };
}

WorkerRuns::Parts worker_parts(const LiveAgents& agents, const WorkerMeans& means) {
  const auto rules_of = [&agents](const AgentName& name) -> std::optional<WorkerRules> {
    const auto config = agents.worker(name);
    if (!config) return {};
    return WorkerRules{config->claim_time, config->retries, config->attempts_max};
  };
  return {.executor = means.executor,
          .clock = means.clock,
          .random = means.random,
          .log = means.log,
          .rules_of = rules_of,
          .memory = &means.memory};
}

void disconnect(RunDriver& driver, WorkerRuns& workers) {
  driver.stop();
  workers.disconnect();
}

void connect(RunDriver& driver, WorkerRuns& workers, Engine& engine) {
  driver.connect(engine);
  workers.connect(engine);
}

ServerParts with_agents(ServerParts parts, const LiveAgents& agents, const RunDriver& driver,
                        WorkerRuns& workers) {
  parts.find_agent = [&agents](const AgentName& name) { return agents.find(name); };
  parts.agents = [&agents, &driver, &workers] {
    std::vector<AgentFace> faces = agents.faces();
    for (AgentFace& face : faces) {
      const bool of_workers = agents.worker(face.name).has_value();
      face.load = of_workers ? workers.load(face.name) : driver.load(face.name);
    }
    return faces;
  };
  parts.claims = &workers;
  parts.waits_for_slot = [&driver](const ThreadName& thread, const RunId& run) {
    return driver.waits_for_slot(thread, run);
  };
  return parts;
}

}  // namespace lockstep
