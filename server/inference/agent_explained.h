// SPDX-License-Identifier: Apache-2.0
// agent_explained.h: says in words where an agent's requests go.
//
// For an operator who checks a configuration: the same steps as at a start, and the result line by
// line. No line holds a secret: of a key, a header and a query it has the name and the source.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/inference/agents.h"

namespace lockstep {

using Explanation = std::vector<std::pair<std::string, std::string>>;  // what, and its value
// Fails as `AgentSet::open` does for this agent.
[[nodiscard]] Result<Explanation> explain(const std::string& name, const AgentConfig& config);

}  // namespace lockstep
