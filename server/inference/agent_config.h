// SPDX-License-Identifier: Apache-2.0
// agent_config.h: an agent's table of the configuration file, checked.
//
// The file's reader knows no kinds of agents; it hands on each table as named fields. Here every
// field is known by name and type, and one that is not is an error: a misspelt time-out must not
// pass for none.
//
//   kind                          "openai", "demo" or "push"
//   base_url, model               openai: needed. demo, push: a model's name to show
//   system, api_key_env           a prompt; the name of the variable that holds the key
//   params                        JSON: an object that runs' own parameters are laid over
//   model_by_params               may a run choose another model?
//   send_names, send_usage        `name` of messages, `stream_options`: off for servers that refuse
//   them connect_timeout_seconds, first_token_timeout_seconds, token_timeout_seconds rate demo:
//   tokens a second
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "engine/result.h"
#include "server/inference/agents.h"

namespace lockstep {

using AgentFields = std::map<std::string, std::variant<std::string, std::int64_t, double, bool>>;

// Fails with `invalid` and the field's name.
[[nodiscard]] Result<AgentConfig> agent_config(const AgentFields& fields);

}  // namespace lockstep
