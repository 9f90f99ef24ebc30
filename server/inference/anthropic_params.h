// SPDX-License-Identifier: Apache-2.0
// anthropic_params.h: a run's parameters in the form of Anthropic's Messages API.
//
// Fronts that talk to several agents write tools and limits once, in OpenAI's form. What means the
// same here is translated; what has its own form already passes as it is; what has no meaning here
// is left out, and named as a repair, because the API refuses members that it does not know.
//
//   max_completion_tokens   max_tokens, which the API needs
//   tools, tool_choice      functions; the API's own tools pass
//   parallel_tool_calls     `disable_parallel_tool_use` of the tool choice
//   stop                    stop_sequences
//   user                    metadata.user_id
//   response_format         output_config.format, if it is a schema
//   reasoning_effort        output_config.effort with adaptive thinking, or a number of tokens for
//                           models before Claude 4.6, which take no other form; nothing for those
//                           that do not think
// While the model thinks, the API refuses `temperature` and `top_k`. Pure.
#pragma once

#include <string>
#include <vector>

#include "schema/json/json_members.h"
#include "server/inference/repairs.h"
#include "server/inference/settings.h"

namespace lockstep {

enum class Thinking : std::uint8_t {
  off,
  adaptive,  // the model chooses when
  on         // each turn begins with it
};

struct AnthropicParams {
  std::vector<JsonMember> members{};  // of the request, without system and messages
  Thinking thinking = Thinking::off;
  std::size_t cache_marks = 0;  // that the members have already

  // Leaves thinking out of this request.
  void switch_thinking_off();
};

[[nodiscard]] AnthropicParams anthropic_params(const RequestSettings& settings, Repairs& repairs);

}  // namespace lockstep
