// SPDX-License-Identifier: Apache-2.0
// fold.h: applies events to a state.
//
// State(t) is the fold of a thread's entries up to t. Folding is pure: every machine gets the same
// state at any time. It can't fail, because an event has already happened. `decide` has checked
// what `fold` requires of an event, so that is a MUST here. Entries from a disk are checked with
// `unfoldable` before they are folded, so that a damaged log is an error and not an abort.
#pragma once

#include <string>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// One event of an entry at `at`. Requires: `at` is later than `state.now`; not `unfoldable`.
void fold(ThreadState& state, const Event& event, Timestamp at);

// A whole entry: its events, its acks, its producer's offset. Requires: it comes right after
// `state.now`; not `unfoldable`.
void fold(ThreadState& state, const Entry& entry);

// No clock shows such a time, and a thread that has it could come to the end of all timestamps.
[[nodiscard]] constexpr bool is_later_than_clocks(Timestamp at) {
  return at.get() > end_of_time.get() / 2;
}

// Says why this entry can't have happened in this state; empty if it can.
[[nodiscard]] std::string unfoldable(const ThreadState& state, const Entry& entry);

}  // namespace lockstep
