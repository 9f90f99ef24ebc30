// SPDX-License-Identifier: Apache-2.0
// laws.h: what must be true of every world, and of every way from one to the next.
//
// Written from the rules as a user would say them, over whole texts and by looking at the former
// states themselves: none of the engine's means (pasts, least lengths, cuts) is used. Each function
// says what is broken, in words; empty if nothing is.
#pragma once

#include <string>

#include "tests/explore/world.h"

namespace lockstep::explore {

// The texts of all messages of a state.
[[nodiscard]] Texts texts_of(const ThreadState& state);
// The texts are these, and those that `expected` does not name are whatever they are.
[[nodiscard]] std::string texts_are(const Texts& expected, const ThreadState& state);

// A request was taken for the first time in `before`, and answered. Notes in `after` what is
// settled by it.
[[nodiscard]] std::string law_of_changes(const World& before, const Asked& asked, World& after);

// An entry lies between two states.
[[nodiscard]] std::string law_of_entry(const ThreadState& before, const Entry& entry,
                                       const ThreadState& after, bool interrupting);

[[nodiscard]] std::string law_of_world(const World& world);

}  // namespace lockstep::explore
