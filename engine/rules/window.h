// SPDX-License-Identifier: Apache-2.0
// window.h: a diff for a front that holds only the end of a thread.
//
// A windowed front holds the last N messages of the head's path. Its diff has these, and every
// changed message that it may hold from before: one that existed at its cursor. The front ignores
// news of a message or a parent that it does not hold, so a diff may have too much. With too little
// the front would go on showing old content.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/rules/diff.h"
#include "engine/rules/state.h"

namespace lockstep {

struct Window {
  Diff diff;
  std::optional<MessageId> edge;  // the parent of the window's first message, if it has one
  bool older = false;             // the path goes on above the window
};

// Requires: `diff.to` is `now.now`.
[[nodiscard]] Window restrict_to_window(const ThreadState& now, Diff diff,
                                        std::uint32_t messages_max);

}  // namespace lockstep
