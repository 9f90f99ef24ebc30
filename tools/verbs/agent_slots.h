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
#include "server/summaries.h"

namespace lockstep {

// Requires of all: the agents outlive what they return, and the driver too.
[[nodiscard]] RunDriver::FindAgent finder_of(const LiveAgents& agents);
[[nodiscard]] Summaries::Due summaries_of(const LiveAgents& agents);
[[nodiscard]] RunDriver::FallbackOf fallbacks_of(const LiveAgents& agents);
[[nodiscard]] RunSlots::LimitOf limits_of(const LiveAgents& agents);
// The parts of a server, with these agents.
[[nodiscard]] ServerParts with_agents(ServerParts parts, const LiveAgents& agents,
                                      const RunDriver& driver);

}  // namespace lockstep
