// SPDX-License-Identifier: Apache-2.0
// param_rules.h: the parameters and models that a run of an agent may ask for.
//
// A front sends parameters for one run. The operator pays for what they cause, so an agent takes
// only some of them, and a token limit only up to its own. The door refuses another parameter by
// its name (`invalid`), before a run exists. `*` allows every parameter.
//
// A kind that asks no model server allows every parameter without a setting: `demo` costs nothing,
// and a `push` agent's writer is the operator's own program.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

struct AgentConfig;

inline constexpr std::array<std::string_view, 3> token_limits = {
    "max_tokens", "max_completion_tokens", "max_output_tokens"};

// What a run may set if the configuration does not say. It changes how a model answers, not at
// whose cost or with whose data (such as `store`, `service_tier` and `logit_bias`).
inline constexpr std::array<std::string_view, 12> params_allowed_first = {"temperature",
                                                                          "top_p",
                                                                          "stop",
                                                                          "seed",
                                                                          "tools",
                                                                          "tool_choice",
                                                                          "response_format",
                                                                          "reasoning_effort",
                                                                          "reasoning",
                                                                          "max_tokens",
                                                                          "max_completion_tokens",
                                                                          "max_output_tokens"};

struct ParamRules {
  bool any = false;                  // takes every parameter
  std::vector<std::string> allowed;  // besides `model`
  std::string model;                 // the agent's own; empty: it has none
  std::vector<std::string> models;   // that a run may choose besides it
  bool any_model = false;
  std::optional<std::uint64_t> tokens_max;  // the agent's own limit; none: a run may ask for any
  std::vector<std::string> tokens_named;    // the members in which the agent has it
  bool summarises = false;                  // takes `summarise` (summary.h)
};
[[nodiscard]] ParamRules param_rules(const AgentConfig& config);

// May a run choose among several models?
[[nodiscard]] bool chooses_model(const AgentConfig& config);

// Why a run may not have these parameters; nothing if it may. Requires: a JSON object, or `null`.
[[nodiscard]] std::optional<std::string> refusal(const ParamRules& rules, const AgentName& agent,
                                                 const Json& params);

}  // namespace lockstep
