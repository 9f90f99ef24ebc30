// SPDX-License-Identifier: Apache-2.0
// agent_config.h: checks an agent's table of the configuration file.
//
// The file's reader does not know the kinds of agents; it passes on each table as named fields.
// This file knows the name and type of every field. An unknown field is an error: a misspelt
// time-out must not mean "no time-out".
//
// `agent_settings` is the table of the fields; the help shows it too.
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

// The last types are a table of texts, and any other table or array, as JSON.
using AgentFields =
    std::map<std::string, std::variant<std::string, std::int64_t, double, bool, Texts, Json>>;

struct AgentSetting {
  std::string_view name;
  std::string_view kinds;     // of the agents that use it; the others ignore it. `models`: all that
                              // ask a model server
  std::string_view fallback;  // the default; empty: none
  std::string_view help;      // with its unit
};
[[nodiscard]] std::span<const AgentSetting> agent_settings();

// Fails with `invalid` and the field's name.
[[nodiscard]] Result<AgentConfig> agent_config(const AgentFields& fields);

}  // namespace lockstep
