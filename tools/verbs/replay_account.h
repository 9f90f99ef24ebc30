// SPDX-License-Identifier: Apache-2.0
// replay_account.h: what an entry did, in words.
//
// A line an event, the first with the time: what was appended is quoted, and of a cut the text that
// went is, so that the account alone tells what a reader of the time saw come and go.
#pragma once

#include <string>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// `before` and `after` are the states around the entry.
[[nodiscard]] std::string account_of(const Entry& entry, const ThreadState& before,
                                     const ThreadState& after);

// The messages that live, by creation, each under its heading.
[[nodiscard]] std::string transcript_of(const ThreadState& state);

}  // namespace lockstep
