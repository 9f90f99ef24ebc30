// SPDX-License-Identifier: Apache-2.0
// past.h: computes how long each part was at an earlier timestamp, from the entries written since.
//
// A state keeps no history. A part changes only by appends (`at`) and cuts (`keep`), so the entries
// since a timestamp and the length now give the length at that timestamp, and the least length
// since. Both users need the least. A late stop keeps the text that was there all the time since
// the user saw it: it drops later growth, and undoes no cut. A diff may assume that the
// front shares at least so much text with the state now.
//
//   least(since) = min over (since, now] of every append's `at`, every cut's `keep`; the length now
//                  for a part that no entry since names
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// The content that a message has had all the time since.
struct MessagePast {
  std::uint32_t parts = 0;   // the leading parts; those behind them are new
  std::vector<Units> least;  // the least length of each
  std::vector<bool> named;   // did an entry since touch it? Then it may have been longer between

  [[nodiscard]] bool touched(std::uint32_t part) const {
    return part < named.size() && named[part];
  }
};

// The one device that made a change. Nothing: several did, or the log does not name the device,
// because its change had no op.
using Author = std::optional<std::pair<UserId, DeviceId>>;

struct Past {
  Timestamp since;
  std::optional<MessageId> head;  // in State(since)
  // Messages whose parts an entry since has touched. The parts of others are as they were.
  std::unordered_map<MessageId, MessagePast> messages;
  // Messages of which their writer has taken something back since.
  std::unordered_set<MessageId> taken_back;
  // Messages that a change has put or cut since. A run's own writing and its end don't count.
  std::unordered_map<MessageId, Author> changed;

  // Requires: the message, which is `row` now, was made (or last put) at `since` or before.
  [[nodiscard]] MessagePast of(const MessageState& row) const;

  // Is this part, in full, what it was at `since`? Not of a message that was made or put since.
  [[nodiscard]] bool is_as_it_was(const MessageState& row, std::uint32_t part) const;

  // Has another device put or cut one of these since? To a front without a device every device is
  // another.
  [[nodiscard]] bool changed_by_another(std::span<const MessageId> ids, const UserId& user,
                                        const std::optional<DeviceId>& device) const;
};

// Requires: `entries` are all entries of the thread in (since, now.now], in order.
[[nodiscard]] Past past_since(const ThreadState& now, std::span<const Entry* const> entries,
                              Timestamp since);

// Adds the entry of the decision in progress, which follows all that `past` has read. Its changes
// are the request's own, so `changed` stays as it is.
void extend(Past& past, const Entry& entry);

// The pasts that a request's changes need, by timestamp. A change that saw `now` needs no past.
using Pasts = std::map<Timestamp, Past>;

}  // namespace lockstep
