// SPDX-License-Identifier: Apache-2.0
// agent_params.h: the settings of an agent that say what its requests have, and what runs may ask.
//
// `params` and `tools` become one JSON object: the request's members. `models` and `params_allowed`
// limit a run's own parameters (param_rules.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/inference/agent_config.h"

namespace lockstep {

// The fault of the field, empty if it has none; nullopt if another file reads this setting.
// Requires: fields come in the order of their names, so that `tools` finds `params`.
[[nodiscard]] std::optional<std::string> take_params(std::string_view name,
                                                     const AgentFields::mapped_type& field,
                                                     AgentConfig& config);

// The fault of several fields together: the name of one of them, and a sentence. Empty: none.
[[nodiscard]] std::string fault_of_params(const AgentConfig& config);

}  // namespace lockstep
