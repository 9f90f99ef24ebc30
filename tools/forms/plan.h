// SPDX-License-Identifier: Apache-2.0
// plan.h: the messages that an import puts into a thread.
//
// All importers of messages make a plan: a parent is before its children, and siblings are in
// order. The import then makes one `put_message` for each message that the store does not have.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

struct PlannedMessage {
  MessageInput input;
  std::optional<MessageId> parent;
  std::uint64_t line = 0;  // of the file, for errors
};

struct ThreadPlan {
  ThreadName thread;
  std::optional<UserId> from;    // the user in the file, if the thread goes to another user
  std::optional<Json> metadata;  // of the thread, if it is new
  std::vector<PlannedMessage> messages;
  std::optional<MessageId> head;  // of the thread, if it is new; empty: the last message
};

}  // namespace lockstep
