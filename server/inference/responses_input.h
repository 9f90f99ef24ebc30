// SPDX-License-Identifier: Apache-2.0
// responses_input.h: a path as the `input` of an OpenAI Responses request.
//
//   system prompt   `instructions`; system messages of the path are messages of role `system`
//   user            a message: `input_text`, `input_image`, `input_file` for a PDF
//   assistant       its parts in their order, each as an item:
//     text          a message with `output_text`, or a refusal
//     call          `function_call` or `custom_tool_call`; its output follows right behind it, or
//                   behind the calls next to it
//     reasoning     the item as it came, before the item that follows it in its message
//     data, image   what a built-in tool did, as it came
//
// What only the API can read (opaque data, responses_items.h) goes back to its own origin alone.
// The API does not keep the thread (`store` is false), so it refuses reasoning that has no
// encrypted content or the item behind it, as it was; and items by their ids that have lost
// the reasoning before them. So such reasoning is left out, and what follows it in its message goes
// without its ids, what the API itself did as a line of text. Repairs name both.
//
// The API has no names of authors: if users of a path have several, each text begins with its own.
// It does not go on with a last message of the assistant: a sentence asks for that. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/rules/producer.h"
#include "server/inference/repairs.h"
#include "server/inference/settings.h"
#include "server/inference/turns.h"

namespace lockstep {

// A JSON array. `turns` are without the configured system prompt.
[[nodiscard]] std::string responses_input(const std::vector<Turn>& turns,
                                          const RequestSettings& settings, Repairs& repairs);

// The whole request.
[[nodiscard]] Sent compose_responses(const Context& context, const RequestSettings& settings);

}  // namespace lockstep
