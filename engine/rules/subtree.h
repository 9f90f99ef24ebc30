// SPDX-License-Identifier: Apache-2.0
// subtree.h: the messages below a message.
//
// A deletion takes them all. Messages have numbers in the order of their creation, so one pass from
// the message on finds all that hangs on it.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "engine/rules/state.h"

namespace lockstep {

// The living messages at and below a message, parents first: a child has a higher number.
[[nodiscard]] inline std::vector<MessageId> living_from(const ThreadState& state,
                                                        std::uint32_t root) {
  std::unordered_set<MessageId> inside{state.messages[root].message.id};
  std::vector<MessageId> living;
  for (std::size_t number = root; number < state.messages.size(); ++number) {
    const Message& message = state.messages[number].message;
    if (number != root && (!message.parent || !inside.contains(*message.parent))) continue;
    inside.insert(message.id);
    if (!state.messages[number].deleted) living.push_back(message.id);
  }
  return living;
}

}  // namespace lockstep
