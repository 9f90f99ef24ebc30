// SPDX-License-Identifier: Apache-2.0
#include "engine/run_shares.h"

#include "engine/must.h"

namespace lockstep {

void RunShares::begins(ThreadNumber thread, const RunId& run, const UserId& user,
                       std::size_t bytes) {
  const auto former = runs_.find(thread);
  if (former != runs_.end()) ends(thread, RunId(former->second.run));
  runs_.try_emplace(thread, run, user, bytes);
  users_[user] += bytes;
}

void RunShares::grows(ThreadNumber thread, std::size_t bytes) {
  const auto found = runs_.find(thread);
  if (found == runs_.end()) return;
  found->second.bytes += bytes;
  users_.at(found->second.user) += bytes;
}

void RunShares::ends(ThreadNumber thread, const RunId& run) {
  const auto found = runs_.find(thread);
  if (found == runs_.end() || found->second.run != run) return;
  const auto user = users_.find(found->second.user);
  MUST(user != users_.end() && user->second >= found->second.bytes);
  user->second -= found->second.bytes;
  if (user->second == 0) users_.erase(user);
  runs_.erase(found);
}

std::size_t RunShares::held_by(const UserId& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? 0 : found->second;
}

}  // namespace lockstep
