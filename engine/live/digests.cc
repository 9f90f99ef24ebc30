// SPDX-License-Identifier: Apache-2.0
#include "engine/live/digests.h"

#include "engine/base/must.h"
#include "engine/rules/digest.h"

namespace lockstep {

std::optional<Hash> Digests::of(const ThreadState& state, const std::optional<MessageId>& id) {
  std::optional<Hash> parent;
  for (const MessageRow* row : state.path(id)) {
    const std::uint32_t* number = state.message_numbers.find(row->message.id);
    MUST(number != nullptr);
    auto [known, fresh] = known_.try_emplace(*number);
    Known& it = known->second;
    if (fresh || it.updated != row->message.updated || it.parent != parent) {
      it = {.updated = row->message.updated,
            .parent = parent,
            .digest = digest(row->message, parent)};
      ++made_;
    }
    parent = it.digest;
  }
  return parent;
}

}  // namespace lockstep
