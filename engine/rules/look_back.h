// SPDX-License-Identifier: Apache-2.0
// look_back.h: tells which changes depend on the state that their user saw.
//
// A stop cuts a message where its user last saw it, and an edit may be refused because another
// device was faster. Such a change needs the past at its `seen` (past.h), which costs a read of the
// entries since. `decide` looks back for exactly the changes that these functions name: its caller
// has to bring the past before.
#pragma once

#include <optional>

#include "engine/rules/change.h"
#include "engine/rules/state.h"

namespace lockstep {

// The state that the change's user saw: its own `seen`, else the request's cursor; nothing: now.
[[nodiscard]] std::optional<Cursor> seen_of(const ChangeRequest& request, const Change& change);

// Does the decision need the past since the change's `seen`?
[[nodiscard]] bool looks_back(const ThreadState& state, const Change& change);

}  // namespace lockstep
