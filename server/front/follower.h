// SPDX-License-Identifier: Apache-2.0
// follower.h: a stream of a thread: first the diff, if there is one, then entries as they become
// durable.
//
//   diff frames ──> entries … ──> end
//                    ^     │
//                    └─────┘ woken by a commit
//
// A `live` frame comes once after the backlog, if the plan asks for it, and one before the first
// entry, if the cursor belongs to an earlier epoch.
//
// A follower holds only a cursor and the awaited runs, so a slow reader costs no queue. The engine
// wakes it; when its connection can write, it takes the entries between its cursor and the durable
// end: from the thread's tail in memory, where each entry is encoded once for all followers, or
// from the log if it fell behind.
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
  std::optional<SyncReply> reply;  // sent first, as a diff
  Cursor after;                    // without a reply: start after this
  std::vector<RunId> awaited;      // `follow: run` ends when all of them have ended
  std::optional<Timestamp> until;  // the last timestamp to send
  bool says_live = false;          // send `live` after the backlog
};

class ThreadFollower : public Stream, private Follower {
 public:
  // Joins the thread at once, so that it misses no commit. Fails as `Engine::join` does.
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
  // Each appends frames and returns whether the stream goes on.
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
  Charge held_;  // the bytes of the diff that the state does not share
  StreamOwner* owner_ = nullptr;
  Cursor cursor_;
  bool joined_ = false;
  // The cursor `after` has an earlier epoch: send the present one before any entry.
  bool says_epoch_ = false;
  bool awake_ = true;
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace lockstep
