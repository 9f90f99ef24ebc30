// SPDX-License-Identifier: Apache-2.0
// laws.h: the laws that every world, and every step between two worlds, must keep.
//
// They state the rules in a user's terms, over whole texts and the former states themselves,
// without the engine's means (pasts, least lengths, cuts). Each function returns the
// broken law in words, or an empty text.
#pragma once

#include <string>

#include "tests/explore/world.h"

namespace lockstep::explore {

// The texts of all messages of a state.
[[nodiscard]] Texts texts_of(const ThreadState& state);
// The texts must be these; texts that `expected` does not name may be anything.
[[nodiscard]] std::string texts_are(const Texts& expected, const ThreadState& state);

// The server took a request for the first time in `before`, and answered. Notes in `after` the
// settled changes.
[[nodiscard]] std::string law_of_changes(const World& before, const Asked& asked, World& after);

// An entry lies between two states.
[[nodiscard]] std::string law_of_entry(const ThreadState& before, const Entry& entry,
                                       const ThreadState& after, bool interrupting);

[[nodiscard]] std::string law_of_world(const World& world);

}  // namespace lockstep::explore
