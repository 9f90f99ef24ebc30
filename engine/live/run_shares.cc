// SPDX-License-Identifier: Apache-2.0
#include "engine/live/run_shares.h"

#include "engine/base/must.h"
#include "engine/rules/sizes.h"

namespace lockstep {

std::size_t RunShares::bytes_of(const ThreadState& state, const Entry& entry,
                                const std::optional<MessageId>& head) {
  std::size_t bytes = 0;
  std::optional<MessageId> next = head;
  // The path may go through messages of the entry. A parent is put before its child, so read back.
  for (auto event = entry.events.rbegin(); next && event != entry.events.rend(); ++event) {
    if (const auto* put = std::get_if<MessagePut>(&*event); put && put->message.id == next) {
      bytes += size_of(put->message);
      next = put->message.parent;
    } else if (const auto* made = std::get_if<MessageCreated>(&*event);
               made && made->message == next) {
      next = made->parent;
    }
  }
  for (const MessageState* row = next ? state.message(*next) : nullptr; row;
       row = next ? state.message(*next) : nullptr) {
    bytes += size_of(row->message);
    next = row->message.parent;
  }
  return 2 * bytes;
}

void RunShares::begins(ThreadNumber thread, const RunId& run, const UserId& user,
                       std::size_t bytes) {
  const auto former = runs_.find(thread);
  if (former != runs_.end()) ends(thread, RunId(former->second.run));
  runs_.try_emplace(thread, run, user, bytes);
  Held& held = users_[user];
  held.bytes += bytes;
  ++held.runs;
}

void RunShares::grows(ThreadNumber thread, std::size_t bytes) {
  const auto found = runs_.find(thread);
  if (found == runs_.end()) return;
  found->second.bytes += bytes;
  MUST(users_.contains(found->second.user));
  users_[found->second.user].bytes += bytes;
}

void RunShares::ends(ThreadNumber thread, const RunId& run) {
  const auto found = runs_.find(thread);
  if (found == runs_.end() || found->second.run != run) return;
  const auto user = users_.find(found->second.user);
  MUST(user != users_.end() && user->second.bytes >= found->second.bytes);
  MUST(user->second.runs > 0);
  user->second.bytes -= found->second.bytes;
  if (--user->second.runs == 0) users_.erase(user);
  runs_.erase(found);
}

std::size_t RunShares::held_by(const UserId& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? 0 : found->second.bytes;
}

}  // namespace lockstep
