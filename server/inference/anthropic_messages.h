// SPDX-License-Identifier: Apache-2.0
// anthropic_messages.h: turns in the form of Anthropic's Messages API.
//
// The API takes a `system` apart from the messages, and messages of user and assistant in turns,
// each a list of blocks. The user begins. Results of calls are the first blocks of the user's
// message behind the calls. It refuses texts that are empty or white space, and calls whose ids or
// names have other letters than `A-Z a-z 0-9 _ -`.
//
// Blocks of an answer keep their order. What the provider wrote for itself goes back as it came, if
// its origin is that of the settings: thinking with its signature, citations of a text, and whole
// blocks of server tools. Thinking without one is left out, because a signature can't be made.
//
// While the model thinks, the API refuses a call that waits for the model if thinking does not
// stand before it. So a request behind calls of another model is sent without thinking. It also
// refuses to go on with an answer then.
//
// With `cache`, marks stand behind the system prompt and the last two messages of the user: the
// provider then reads the path up to there from its cache in the next request. Pure.
#pragma once

#include "engine/rules/producer.h"
#include "server/inference/settings.h"

namespace lockstep {

// Stands before an answer without a question.
inline constexpr std::string_view opening_sentence = "[The conversation begins here.]";

[[nodiscard]] Sent compose_anthropic(const Context& context, const RequestSettings& settings);

}  // namespace lockstep
