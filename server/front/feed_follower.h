// SPDX-License-Identifier: Apache-2.0
// feed_follower.h: a stream of a user's list of threads.
//
// It works as ThreadFollower (follower.h) does, one level up. The engine wakes it when a thread of
// the user changes at the boundary of a message or a run; it then sends the latest state of every
// thread that changed since its cursor.
//
// Lives on: the engine strand. Must not outlive the engine.
#pragma once

#include <string>

#include "engine/live/engine.h"
#include "server/codec/stream.h"

namespace lockstep {

class FeedFollower : public Stream, private Follower {
 public:
  FeedFollower(Engine& engine, UserId user, std::string after, Framing framing);
  ~FeedFollower() override;
  FeedFollower(const FeedFollower&) = delete;
  FeedFollower& operator=(const FeedFollower&) = delete;

  void attach(StreamOwner& owner) override { owner_ = &owner; }
  Filled fill(std::string& out, std::size_t bytes_max) override;
  void shut_down() override;

 private:
  void wake() override;
  void append_end(std::string& out);

  Engine& engine_;
  UserId user_;
  std::string cursor_;
  Framing framing_;
  StreamOwner* owner_ = nullptr;
  bool awake_ = true;
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace lockstep
