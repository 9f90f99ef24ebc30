// SPDX-License-Identifier: Apache-2.0
// feed.h: a user's threads, by their latest change.
//
// One row a thread, under the commit number of its latest boundary (a message or run that began or
// ended, a field that changed); the thread's own row says which that is, so that it can be moved. A
// deleted thread keeps a row that says so. So the list is this table read backward, and what has
// changed since a cursor is the table read forward from there.
//
// A feed's cursor is `COMMIT@EPOCH`. It is good if the commit number is not ahead of the log's,
// and, of an earlier epoch, not beyond what a restore has kept of that.
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
  // Requires: all three outlive it.
  Feed(const Log& log, const Store& store, const Epochs& epochs);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  [[nodiscard]] Result<ThreadsPage> threads(const UserId& user,
                                            const std::optional<std::string>& before,
                                            std::uint32_t limit) const;
  // An empty `after`: from the first change on.
  [[nodiscard]] Result<std::vector<FeedItem>> items(const UserId& user, const std::string& after,
                                                    std::uint32_t limit) const;
  void join(const UserId& user, Follower& follower);
  void leave(const UserId& user, Follower& follower);
  void wake(const UserId& user);

 private:
  [[nodiscard]] std::string cursor(CommitNumber commit) const;
  enum class Ahead { no, yes };  // of the last commit that was told of
  [[nodiscard]] Result<CommitNumber> position(const std::string& cursor, Ahead ahead) const;

  const Log& log_;
  const Store& store_;
  const Epochs& epochs_;
  std::unordered_map<UserId, std::unordered_set<Follower*>> followers_;
};

}  // namespace lockstep
