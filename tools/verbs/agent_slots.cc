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

Summaries::Due summaries_of(const LiveAgents& agents) {
  return [&agents](const Run& run, std::size_t request_bytes) {
    // A summary is not summarised at once, however long it is.
    const bool is_one = run.params && run.params->text == R"({"summarise":true})";
    return !is_one && agents.summary_due(run.agent, run.usage, request_bytes);
  };
}

RunSlots::LimitOf limits_of(const LiveAgents& agents) {
  return [&agents](const AgentName& name, RunSlots::Limit last) {
    const auto face = agents.face(name);
    const std::shared_ptr<Agent> agent = agents.find(name);
    return face && agent && !agent->writes_outside() ? face->runs_at_once : last;
  };
}

ServerParts with_agents(ServerParts parts, const LiveAgents& agents, const RunDriver& driver) {
  parts.find_agent = [&agents](const AgentName& name) { return agents.find(name); };
  parts.agents = [&agents, &driver] {
    std::vector<AgentFace> faces = agents.faces();
    for (AgentFace& face : faces) face.load = driver.load(face.name);
    return faces;
  };
  parts.waits_for_slot = [&driver](const ThreadName& thread, const RunId& run) {
    return driver.waits_for_slot(thread, run);
  };
  return parts;
}

}  // namespace lockstep
