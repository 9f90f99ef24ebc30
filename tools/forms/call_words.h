// SPDX-License-Identifier: Apache-2.0
// call_words.h: how a tool call stands, in words for a person.
//
// The same states as every front shows (engine/rules/calls.h). A person's reason is text of a user:
// it comes as one line, and the caller makes it printable or quotes it, as it does with other text.
#pragma once

#include <cstddef>
#include <string>

#include "engine/rules/state.h"

namespace lockstep {

// `needs approval`, `approved`, `denied: REASON`, `running`, `expired`; empty: nothing is noted.
// `state`: the thread of the message; null: it can't be told whether the time of the call is over.
// Requires: the part is a call.
[[nodiscard]] std::string call_words(const ThreadState* state, const Message& message,
                                     std::size_t part);

}  // namespace lockstep
