// SPDX-License-Identifier: Apache-2.0
// responses_params.h: the parameters of a run as members of an OpenAI Responses request.
//
// Fronts send one form of parameters to every agent, that of Chat Completions. Here they become
// members of a Responses request; what is in the API's own form already passes as it is:
//
//   max_tokens, max_completion_tokens   max_output_tokens
//   reasoning_effort                    reasoning.effort
//   response_format, verbosity          text.format, text.verbosity
//   tools, tool_choice                  flat: `{"type":"function","name":...}`. A function says
//                                       `"strict":false` where it says nothing: that is the default
//                                       there, and not here
//   include                             added to what the agent needs
//
// A parameter that the API does not have (`stop`, `seed`, penalties) is left out, because it
// refuses a request with an unknown member; so are those that the agent sets: `store` is false,
// because the thread is kept here, and nothing of it there.
#pragma once

#include <optional>
#include <string_view>

#include "engine/rules/event.h"
#include "server/inference/settings.h"

namespace lockstep {

// What the agent itself asks for: a stream, nothing stored, and, if reasoning goes back, its
// encrypted content.
void set_responses_members(RequestSettings& settings);

// Overrides the request's members with those of `params`.
void apply_responses_params(RequestSettings& settings, const std::optional<Json>& params,
                            ModelChoice choice);

// Does OpenAI's model of this name give reasoning? The API refuses a request for encrypted
// reasoning of another one. Unknown models do.
[[nodiscard]] bool gives_reasoning(std::string_view model);

}  // namespace lockstep
