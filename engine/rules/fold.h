// SPDX-License-Identifier: Apache-2.0
// fold.h: a state and an event give a state.
//
// State(t) is the fold of a thread's entries up to t: pure, the same on every machine and at every
// time. Folding cannot fail: an event has already happened. What it requires of an event was
// checked when the event was decided, and is a MUST here. Bytes of a disk are checked with
// `foldable` before they are folded, so that a damaged log is an error and not an abort.
#pragma once

#include <string>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// One event of an entry at `at`. Requires: `foldable`.
void fold(ThreadState& state, const Event& event, Timestamp at);

// A whole entry: its events, its acks, its producer's mark. Requires: it comes right after
// `state.now`.
void fold(ThreadState& state, const Entry& entry);

// Says what in this entry could not have happened in this state; empty if nothing.
[[nodiscard]] std::string unfoldable(const ThreadState& state, const Entry& entry);

}  // namespace lockstep
