// SPDX-License-Identifier: Apache-2.0
#include "engine/live/hub.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/rules/held.h"
#include "engine/rules/sizes.h"

namespace lockstep {

void Hub::join(const ThreadName& thread, Follower& follower) {
  const auto [channel, made] = channels_.try_emplace(thread);
  if (made) channel->second.held = Charge(memory_, MemoryKind::tails);
  const bool fresh = channel->second.followers.insert(&follower).second;
  MUST(fresh);
  ++follower_count_;
}

void Hub::leave(const ThreadName& thread, Follower& follower) {
  auto channel = channels_.find(thread);
  MUST(channel != channels_.end());
  const std::size_t left = channel->second.followers.erase(&follower);
  MUST(left == 1 && follower_count_ > 0);
  --follower_count_;
  if (channel->second.followers.empty()) channels_.erase(channel);
}

void Hub::publish(const ThreadName& thread, std::shared_ptr<const Entry> entry) {
  MUST(entry != nullptr && entry->at > entry->previous);
  auto found = channels_.find(thread);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  // An entry of another writer is missing: a tail with a gap is useless.
  if (!channel.tail.empty() && channel.tail.back()->entry->at != entry->previous) channel.clear();
  // Without a tail followers read the log, which needs no memory for them.
  if (memory_ && memory_->full()) return channel.clear();
  channel.sizes.push_back(size_of(*entry));
  channel.bytes += channel.sizes.back();
  channel.held.add(held_by(*entry));
  channel.tail.push_back(std::make_shared<const Published>(std::move(entry), std::string()));
  // The last entry stays however long it is: every follower needs it next.
  while (channel.tail.size() > limits::tail_entries_max ||
         (channel.bytes > limits::tail_bytes_max && channel.tail.size() > 1)) {
    MUST(channel.bytes >= channel.sizes.front());
    channel.bytes -= channel.sizes.front();
    channel.held.set(channel.held.bytes() - held_by(*channel.tail.front()->entry));
    channel.sizes.pop_front();
    channel.tail.pop_front();
  }
  MUST(!channel.tail.empty() && channel.sizes.size() == channel.tail.size());
}

void Hub::wake(const ThreadName& thread) {
  auto channel = channels_.find(thread);
  if (channel == channels_.end()) return;
  for (Follower* follower : channel->second.followers) follower->wake();
}

void Hub::Channel::clear() {
  tail.clear();
  sizes.clear();
  bytes = 0;
  held.set(0);
}

void Hub::give_up(std::size_t bytes) {
  std::size_t given = 0;
  for (auto& [thread, channel] : channels_) {
    if (given >= bytes) return;
    given += channel.held.bytes();
    channel.clear();
  }
}

bool Hub::followed(const ThreadName& thread) const { return channels_.contains(thread); }

std::optional<Slice> Hub::tail(const ThreadName& thread, Timestamp after,
                               std::size_t bytes_max) const {
  auto found = channels_.find(thread);
  if (found == channels_.end() || found->second.tail.empty()) return std::nullopt;
  const Channel& channel = found->second;
  if (channel.tail.front()->entry->previous > after) return std::nullopt;
  auto from = std::ranges::upper_bound(channel.tail, after, {},
                                       [](const auto& published) { return published->entry->at; });
  Slice slice{.entries = {}, .end = channel.tail.back()->entry->at};
  std::size_t bytes = 0;
  for (; from != channel.tail.end(); ++from) {
    bytes += channel.sizes[static_cast<std::size_t>(from - channel.tail.begin())];
    if (bytes > bytes_max && !slice.entries.empty()) break;
    slice.entries.push_back(*from);
  }
  return slice;
}

std::size_t Hub::follower_count() const { return follower_count_; }

}  // namespace lockstep
