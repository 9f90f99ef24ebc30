// SPDX-License-Identifier: Apache-2.0
// usage_json.h: reads the `usage` of a run, in the words of each kind of model server.
//
//   Chat Completions   prompt_tokens, completion_tokens, prompt_tokens_details.cached_tokens
//   DeepSeek           the same, and prompt_cache_hit_tokens
//   Responses          input_tokens, output_tokens, input_tokens_details.cached_tokens
//   Anthropic          input_tokens without the cache, cache_read_input_tokens,
//                      cache_creation_input_tokens, output_tokens
//
// Pure. A `push` writer and a worker may send any of these forms.
#pragma once

#include <string_view>

#include "engine/rules/usage.h"

namespace lockstep {

// Zeros for all that the text does not tell; `runs` is 0. A number above `usage_tokens_max` counts
// as that, so that no sum overflows.
[[nodiscard]] UsageCounts read_usage(std::string_view json);

}  // namespace lockstep
