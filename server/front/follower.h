// SPDX-License-Identifier: Apache-2.0
// follower.h: a thread, followed: first the diff, if there is one, then entries as they become
// durable.
//
//   diff frames ──> entries … ──> end
//                    ^     │
//                    └─────┘ woken by a commit
//
// If it was asked for, a `live` frame comes once, when the backlog is done. One comes before the
// first entry if the cursor was of an earlier epoch.
//
// All that it remembers is a cursor and which runs it waits for. It is told that there is more, and
// takes what lies between its cursor and the durable end when its connection can write: from the
// thread's tail in memory, where each entry is encoded once for all, or from the log if it fell
// behind.
//
// Lives on: the engine strand. Must not outlive the engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "server/codec/diff_frames.h"
#include "server/codec/problem.h"
#include "server/codec/stream.h"
#include "server/codec/sync_codec.h"
#include "server/front/follow_parts.h"

namespace lockstep {

struct FollowPlan {
  UserId user;
  ThreadName thread;
  Framing framing;
  Follow follow = Follow::none;
  std::optional<SyncReply> reply;  // said first, as a diff
  Cursor after;                    // without a reply: entries after this
  std::vector<RunId> awaited;      // `run` ends when all of them have ended
  std::optional<Timestamp> until;  // entries up to this
  bool says_live = false;
};

class ThreadFollower : public Stream, private Follower {
 public:
  // Joins the thread at once, so that nothing is missed. Fails as `Engine::read` does.
  [[nodiscard]] static Result<std::unique_ptr<ThreadFollower>> open(FollowParts parts,
                                                                    FollowPlan plan);
  ~ThreadFollower() override;
  ThreadFollower(const ThreadFollower&) = delete;
  ThreadFollower& operator=(const ThreadFollower&) = delete;

  void attach(StreamOwner& owner) override { owner_ = &owner; }
  Filled fill(std::string& out, std::size_t bytes_max) override;
  void shut_down() override;

 private:
  ThreadFollower(FollowParts parts, FollowPlan plan);

  void wake() override;
  // Each appends and says whether the stream goes on.
  Filled fill_diff(std::string& out, std::size_t bytes_max);
  Filled fill_entries(std::string& out, std::size_t bytes_max);
  Filled caught_up(std::string& out);
  void say_live(std::string& out);
  Filled end(std::string& out, std::string_view reason);
  Filled failed(std::string& out, const Error& error);
  void take(std::string& out, const Published& published);
  [[nodiscard]] bool done_waiting() const;

  FollowParts parts_;
  FollowPlan plan_;
  std::unique_ptr<DiffFrames> diff_;
  Charge held_;  // what the diff does not share with the state
  StreamOwner* owner_ = nullptr;
  Cursor cursor_;
  bool joined_ = false;
  // `after` is of an earlier epoch: the reader is told of the present one before any entry.
  bool says_epoch_ = false;
  bool awake_ = true;
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace lockstep
