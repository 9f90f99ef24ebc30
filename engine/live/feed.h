// SPDX-License-Identifier: Apache-2.0
// feed.h: a user's threads in the order of their latest change.
//
// Each thread has one row, whose key is the commit number of its latest boundary (a message or run
// began or ended, or a field changed). The thread's own row has that number too, so that an entry
// can move the feed row. A deleted thread keeps a row with a flag. The list of threads is this
// table read backward; the changes since a cursor are the table read forward from there.
//
// A feed's cursor is `COMMIT@EPOCH`. It is valid if the commit number is not ahead of the log's,
// and, if its epoch is an earlier one, not after the last commit that a restore kept of that epoch.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/live/hub.h"
#include "engine/live/sync.h"
#include "engine/store/epochs.h"
#include "engine/store/log.h"
#include "engine/store/store.h"

namespace lockstep {

class Feed {
 public:
  // Requires: all three outlive the feed.
  Feed(const Log& log, const Store& store, const Epochs& epochs);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  [[nodiscard]] Result<ThreadsPage> threads(const UserId& user,
                                            const std::optional<std::string>& before,
                                            std::uint32_t limit) const;
  // With an empty `after`: from the first change on.
  [[nodiscard]] Result<std::vector<FeedItem>> items(const UserId& user, const std::string& after,
                                                    std::uint32_t limit) const;
  void join(const UserId& user, Follower& follower);
  void leave(const UserId& user, Follower& follower);
  void wake(const UserId& user);

 private:
  [[nodiscard]] std::string cursor(CommitNumber commit) const;
  enum class Ahead { no, yes };  // may the cursor be ahead of the last reported commit?
  [[nodiscard]] Result<CommitNumber> position(const std::string& cursor, Ahead ahead) const;

  const Log& log_;
  const Store& store_;
  const Epochs& epochs_;
  std::unordered_map<UserId, std::unordered_set<Follower*>> followers_;
};

}  // namespace lockstep
