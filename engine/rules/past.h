// SPDX-License-Identifier: Apache-2.0
// past.h: what the entries since a timestamp say of the time before them.
//
// A state keeps no history. How long a part was at an earlier time, and the least that it has been
// since, follow from its length now and from the appends (`at`) and cuts (`keep`) in the entries
// since: a part only changes by these. Both uses need the least: a late stop keeps what was there
// all the time since it was seen (later growth goes, an earlier cut stays), and a diff may assume
// that a front has at least so much in common with now.
//
//   least(since) = min over (since, now] of every append's `at`, every cut's `keep`; the length now
//                  for a part that no entry since names
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// What of a message has been there ever since.
struct MessagePast {
  std::uint32_t parts = 0;   // so many parts; those behind them are new
  std::vector<Units> least;  // of each of these parts
  std::vector<bool>
      named;  // which of them an entry since has named: it may have been longer between

  [[nodiscard]] bool touched(std::uint32_t part) const {
    return part < named.size() && named[part];
  }
};

// The device whose change it was; nothing: more than one, or one that nobody can name (changes
// without an op leave no name behind).
using Author = std::optional<std::pair<UserId, DeviceId>>;

struct Past {
  Timestamp since;
  std::optional<MessageId> head;  // in State(since)
  // Messages whose parts some entry since has touched; the others are now as they were then.
  std::unordered_map<MessageId, MessagePast> messages;
  // Messages that a change has put or cut since. What a run writes, and how it ends, is no change.
  std::unordered_map<MessageId, Author> changed;

  // For a message that is now as `row`, and was made (or last put) at `since` or before.
  [[nodiscard]] MessagePast of(const MessageRow& row) const;

  // Has another device put or cut one of these since? A front without a device knows of none.
  [[nodiscard]] bool changed_by_another(std::span<const MessageId> ids, const UserId& user,
                                        const std::optional<DeviceId>& device) const;
};

// Requires: `entries` are all the entries of the thread in (since, now.now], in order.
[[nodiscard]] Past past_since(const ThreadState& now, std::span<const Entry* const> entries,
                              Timestamp since);

// Reads one more entry, which comes after all that `past` has read: one that is being decided. What
// it changes, the request itself changes: `changed` stays as it is.
void extend(Past& past, const Entry& entry);

// The pasts that a request's changes need, by timestamp; State(now) needs none.
using Pasts = std::map<Timestamp, Past>;

}  // namespace lockstep
