// SPDX-License-Identifier: Apache-2.0
// agent_config.h: an agent's table of the configuration file, checked.
//
// The file's reader knows no kinds of agents; it hands on each table as named fields. Here every
// field is known by name and type, and one that is not is an error: a misspelt time-out must not
// pass for none.
//
// Which there are is a table (`agent_settings`), which the help shows too.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/result.h"
#include "server/inference/agents.h"

namespace lockstep {

using AgentFields = std::map<std::string, std::variant<std::string, std::int64_t, double, bool>>;

struct AgentSetting {
  std::string_view name;
  std::string_view kinds;     // of agents that use it; the others pass it over
  std::string_view fallback;  // what counts if it is not there; empty: nothing
  std::string_view help;      // with its unit
};
[[nodiscard]] std::span<const AgentSetting> agent_settings();

// Fails with `invalid` and the field's name.
[[nodiscard]] Result<AgentConfig> agent_config(const AgentFields& fields);

}  // namespace lockstep
