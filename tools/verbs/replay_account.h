// SPDX-License-Identifier: Apache-2.0
// replay_account.h: describes an entry in words.
//
// One line for each event, the first with the time. Appended text and text that a cut removed are
// quoted, so that the lines alone tell what a reader saw appear and disappear.
#pragma once

#include <string>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// `before` and `after` are the states around the entry.
[[nodiscard]] std::string account_of(const Entry& entry, const ThreadState& before,
                                     const ThreadState& after);

// The messages that are not deleted, in the order of their creation, each under its heading.
[[nodiscard]] std::string transcript_of(const ThreadState& state);

}  // namespace lockstep
