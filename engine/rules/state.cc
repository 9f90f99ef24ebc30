// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/state.h"

#include <algorithm>

namespace lockstep {

const MessageState* ThreadState::message(const MessageId& id) const {
  const std::uint32_t* number = message_numbers.find(id);
  return number ? &messages[*number] : nullptr;
}

const RunState* ThreadState::run(const RunId& id) const {
  const std::uint32_t* number = run_numbers.find(id);
  return number ? &runs[*number] : nullptr;
}

const MessageState* ThreadState::living(const MessageId& id) const {
  const MessageState* row = message(id);
  return row && !row->deleted ? row : nullptr;
}

std::optional<MessageId> ThreadState::nearest_living(std::optional<MessageId> id) const {
  while (id) {
    const MessageState* row = message(*id);
    MUST(row != nullptr);
    if (!row->deleted) return id;
    id = row->message.parent;
  }
  return std::nullopt;
}

bool ThreadState::lies_below(const MessageId& id, const std::optional<MessageId>& ancestor) const {
  if (!ancestor) return true;
  const MessageState* row = message(id);
  MUST(row != nullptr);
  // A parent is older than its child, so the walk can stop below the ancestor's number.
  const std::uint32_t* floor = message_numbers.find(*ancestor);
  MUST(floor != nullptr);
  while (row->message.parent) {
    if (*row->message.parent == *ancestor) return true;
    const std::uint32_t* number = message_numbers.find(*row->message.parent);
    MUST(number != nullptr);
    if (*number < *floor) return false;
    row = &messages[*number];
  }
  return false;
}

std::vector<const MessageState*> ThreadState::path(const std::optional<MessageId>& id) const {
  std::vector<const MessageState*> rows;
  for (std::optional<MessageId> at = id; at;) {
    const MessageState* row = message(*at);
    MUST(row != nullptr);
    rows.push_back(row);
    at = row->message.parent;
  }
  std::ranges::reverse(rows);
  return rows;
}

}  // namespace lockstep
