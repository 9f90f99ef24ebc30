// SPDX-License-Identifier: Apache-2.0
// call_check.h: checks the tool results that a change brings, and the answer that a start
// continues.
//
// A call has one real result. A result that comes twice, or for a call that was cut, would stand on
// the screen and never reach the model, so the change that brings it is refused. Results that were
// there before may lose their call by an edit above them: the user's edit wins, and the request to
// the model names such a result as a repair.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/state.h"
#include "engine/rules/verdict.h"
#include "engine/rules/walk_limits.h"

namespace lockstep {

// How many messages and parts the checks of one request may still read.
struct WalkLeft {
  std::size_t parts = limits::result_walk_max;

  // False: that would be too many.
  [[nodiscard]] bool take(std::size_t count) {
    if (count > parts) return false;
    parts -= count;
    return true;
  }
};

struct SentInput {
  const std::vector<MessageInput>& messages;
  Timestamp sent;  // a call that was put again since is another one
};

// Does each result of the input, whose messages are to follow `head` as a chain, belong to an open
// call? If not: `answered`, `unknown_call`, `needs_approval` or `changed`; `too_many` if that would
// take too long to find out.
[[nodiscard]] Verdict calls_take_input(const ThreadState& state,
                                       const std::optional<MessageId>& head, const SentInput& input,
                                       WalkLeft& left);
// The same of a new message below `put.parent`, or of new content for a message of the state: of
// the results that the former content did not have.
[[nodiscard]] Verdict calls_take_put(const ThreadState& state, const Message& put, WalkLeft& left);

// Can the message `change.continues` be continued? Requires: there is one.
[[nodiscard]] Verdict may_continue(const ThreadState& state, const StartRun& change);
// The run that continues this message: one that is open, or one whose message goes on from it and
// was not deleted. An answer has one continuation. Null if there is none.
[[nodiscard]] const RunState* continuation_of(const ThreadState& state, const MessageId& message);

}  // namespace lockstep
