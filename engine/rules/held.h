// SPDX-License-Identifier: Apache-2.0
// held.h: the rows of a state, charged to the account of memory.
//
// Rows are shared: by copies of a state, and by diffs that wait for a slow reader. So the charge
// stands in the row itself and lives as long as the row does. Folding is pure and knows no account;
// whoever owns a living state counts after each entry the rows that the entry has touched: lengths
// are added, no text is read.
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

// About what the row holds, its places in the state's indexes included.
[[nodiscard]] std::size_t held_by(const MessageRow& row);
[[nodiscard]] std::size_t held_by(const Run& run);
[[nodiscard]] std::size_t held_by(const RunRow& row);
[[nodiscard]] std::size_t held_by(const DeviceMemory& memory);
// What a published entry holds, the frame that is made of it included.
[[nodiscard]] std::size_t held_by(const Entry& entry);

// What these hold beside the rows that they share.
[[nodiscard]] std::size_t held_by(const std::vector<MessageChange>& messages);
[[nodiscard]] std::size_t held_by(const Diff& diff);

// Requires: the entry was the last to be folded, and no copy of the state was made since.
void charge_rows(ThreadState& state, const Entry& entry, MemoryAccount* account);
// All rows, of a state that was read.
void charge_rows(ThreadState& state, MemoryAccount* account);

}  // namespace lockstep
