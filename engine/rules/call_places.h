// SPDX-License-Identifier: Apache-2.0
// call_places.h: where the calls of a thread and their results stand, and which call takes one.
//
// call_results.h knows paths alone. Here a path is found in the thread first: from the message of a
// call down to a result, or up from a result to the call that may take it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/rules/state.h"
#include "engine/rules/verdict.h"

namespace lockstep {

// A call of a thread.
struct CallPlace {
  MessageId message;
  std::uint32_t part = 0;
};

// Both ends are on the path. Requires: `last` is `first`, or lies below it.
[[nodiscard]] std::vector<const Message*> path_between(const ThreadState& state,
                                                       const MessageId& first,
                                                       const MessageId& last);

// The messages and parts of a path: what it costs to match its results.
[[nodiscard]] std::size_t work_of(std::span<const Message* const> path);

// Does this result, behind its parent, belong to this call, as a real one? A call further down the
// path may have the same id, and takes what comes first. The state may lack the result's message.
[[nodiscard]] bool is_taken_by(const ThreadState& state, const CallPlace& call,
                               const Message& result);

// The call in this part takes no result while it waits for approval (`needs_approval`), and none
// besides its own if it was denied (`answered`).
[[nodiscard]] Verdict may_take_result(const Message& message, std::size_t part);

}  // namespace lockstep
