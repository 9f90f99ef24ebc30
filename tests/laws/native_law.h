// SPDX-License-Identifier: Apache-2.0
// native_law.h: the law "screen equals input" for the APIs whose messages are lists of blocks.
//
// It reads a request of kind `anthropic` or `openai-responses` as its server does, as a list of
// what it says, and compares it with the path that the screen showed: each text, reasoning, call
// and result is there, in order, a result behind its call, or a repair names it. It shares no code
// with the composers, and knows the two APIs from their documentation.
#pragma once

#include <string>

#include "engine/rules/producer.h"
#include "server/inference/settings.h"

namespace lockstep::test {

// The difference in words; empty if there is none.
[[nodiscard]] std::string check_native(const Context& context, const RequestSettings& settings,
                                       const Sent& sent);

}  // namespace lockstep::test
