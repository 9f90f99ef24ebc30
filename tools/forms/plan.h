// SPDX-License-Identifier: Apache-2.0
// plan.h: what an import is to put into a thread.
//
// The form that all importers of messages make: the messages in an order in which a parent comes
// before what is below it, and siblings in theirs. Importing it is one `put_message` each, if the
// message is not there yet.
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
  std::optional<UserId> from;    // whose the file says it is, where it is to be another's
  std::optional<Json> metadata;  // of the thread, if it is new
  std::vector<PlannedMessage> messages;
  std::optional<MessageId> head;  // of the thread, if it is new; none: the last message
};

}  // namespace lockstep
