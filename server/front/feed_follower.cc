// SPDX-License-Identifier: Apache-2.0
#include "server/front/feed_follower.h"

#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/codec/json_write.h"
#include "server/codec/problem.h"

namespace lockstep {

FeedFollower::FeedFollower(Engine& engine, UserId user, std::string after, Framing framing)
    : engine_(engine),
      user_(std::move(user)),
      cursor_(std::move(after)),
      framing_(std::move(framing)) {
  engine_.join_feed(user_, *this);
}

FeedFollower::~FeedFollower() { engine_.leave_feed(user_, *this); }

void FeedFollower::wake() {
  awake_ = true;
  if (owner_ != nullptr) owner_->woken(*this);
}

void FeedFollower::shut_down() {
  stopping_ = true;
  wake();
}

Stream::Filled FeedFollower::fill(std::string& out, std::size_t bytes_max) {
  if (finished_) return Filled::finished;
  const std::size_t start = out.size();
  std::string frame;
  while (awake_ && out.size() - start < bytes_max) {
    const auto items = engine_.feed(user_, cursor_, limits::feed_items_max);
    if (!items) {
      frame.clear();
      append_failure(frame, problem_of(items.error()));
      framing_.append(out, frame, {});
      finished_ = true;
      return Filled::finished;
    }
    for (const FeedItem& item : *items) {
      frame.clear();
      append_feed_frame(frame, item, user_);
      framing_.append(out, frame, item.cursor);
      cursor_ = item.cursor;
    }
    awake_ = items->size() >= limits::feed_items_max;  // after a full page there may be more
  }
  if (awake_) return Filled::more;
  if (!stopping_) return Filled::waiting;
  append_end(out);
  return Filled::finished;
}

void FeedFollower::append_end(std::string& out) {
  std::string frame = "{";
  append_field(frame, "frame", "end");
  append_field(frame, "cursor", cursor_);
  append_field(frame, "reason", "shutdown");
  frame += '}';
  framing_.append(out, frame, cursor_);
  finished_ = true;
}

}  // namespace lockstep
