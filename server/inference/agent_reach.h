// SPDX-License-Identifier: Apache-2.0
// agent_reach.h: makes the way to an agent's server from its configuration.
//
// The configuration is checked as far as a file, a variable and a text can be: a wrong header, a
// file that can't be read and a proxy of another kind are errors when the agents are opened, with
// the setting's name. A key that is missing only fails the runs that need it, and is a warning: a
// server with ten agents starts without the key of one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/inference/agents.h"
#include "server/inference/reach.h"

namespace lockstep {

// `name`: the agent's, for warnings. Adds the agent's secrets to the ring. Fails with `invalid` and
// the setting.
[[nodiscard]] Result<Reach> reach_of(const std::string& name, const AgentConfig& config,
                                     const std::shared_ptr<SecretRing>& secrets,
                                     std::vector<AgentWarning>& warnings);

}  // namespace lockstep
