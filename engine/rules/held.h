// SPDX-License-Identifier: Apache-2.0
// held.h: charges the rows of a state to the memory account.
//
// Copies of a state share its rows, and so do diffs that wait for a slow reader. So each row holds
// its own charge, which lives as long as the row. Folding is pure and knows no account; the owner
// of a live state (states.h) calls `charge_rows` after each entry, which counts the rows that the
// entry has touched. It adds up lengths and reads no text.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/memory.h"
#include "engine/rules/diff.h"
#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// About how many bytes the row holds, with its places in the state's indexes.
[[nodiscard]] std::size_t held_by(const MessageState& row);
[[nodiscard]] std::size_t held_by(const Run& run);
[[nodiscard]] std::size_t held_by(const RunState& row);
[[nodiscard]] std::size_t held_by(const DeviceMemory& memory);
// A published entry, with the frame that the server makes of it.
[[nodiscard]] std::size_t held_by(const Entry& entry);

// The bytes of these, besides the rows that they share with a state.
[[nodiscard]] std::size_t held_by(const std::vector<MessageChange>& messages);
[[nodiscard]] std::size_t held_by(const Diff& diff);

// Requires: the entry was folded last, and the state was not copied since (a copy shares its rows).
void charge_rows(ThreadState& state, const Entry& entry, MemoryAccount* account);
// All rows, for a state that was just loaded.
void charge_rows(ThreadState& state, MemoryAccount* account);

}  // namespace lockstep
