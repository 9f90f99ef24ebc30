// SPDX-License-Identifier: Apache-2.0
#include "engine/live/digests.h"

#include "engine/base/must.h"
#include "engine/rules/digest.h"
#include "engine/rules/sizes.h"

namespace lockstep {

void DigestWork::run() {
  MUST(digests_.empty());
  std::optional<Hash> parent = parent_;
  for (const auto& [number, message] : messages_) {
    parent = digests_.emplace_back(digest(message, parent));
  }
}

std::optional<Hash> Digests::of(const ThreadState& state, const std::optional<MessageId>& id) {
  std::optional<Hash> parent;
  for (const MessageState* row : state.path(id)) {
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

std::optional<DigestWork> Digests::work(const ThreadState& state,
                                        const std::optional<MessageId>& id,
                                        std::size_t most) const {
  DigestWork work;
  std::size_t bytes = 0;
  for (const MessageState* row : state.path(id)) {
    const std::uint32_t* number = state.message_numbers.find(row->message.id);
    MUST(number != nullptr);
    // Behind the first digest that is not cached the others are no use: each depends on it.
    const auto known = work.messages_.empty() ? known_.find(*number) : known_.end();
    if (known != known_.end() && known->second.updated == row->message.updated &&
        known->second.parent == work.parent_) {
      work.parent_ = known->second.digest;
      continue;
    }
    bytes += size_of(row->message);
    work.messages_.emplace_back(*number, row->message);
  }
  if (bytes <= most) return std::nullopt;
  return work;
}

void Digests::keep(const DigestWork& work) {
  MUST(work.digests_.size() == work.messages_.size());
  std::optional<Hash> parent = work.parent_;
  for (std::size_t at = 0; at < work.messages_.size(); ++at) {
    const auto& [number, message] = work.messages_[at];
    known_[number] = {.updated = message.updated, .parent = parent, .digest = work.digests_[at]};
    parent = work.digests_[at];
    ++made_;
  }
}

}  // namespace lockstep
