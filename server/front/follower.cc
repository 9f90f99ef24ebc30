// SPDX-License-Identifier: Apache-2.0
#include "server/front/follower.h"

#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/held.h"
#include "server/codec/json_write.h"

namespace lockstep {

Result<std::unique_ptr<ThreadFollower>> ThreadFollower::open(FollowParts parts, FollowPlan plan) {
  std::unique_ptr<ThreadFollower> follower(new ThreadFollower(parts, std::move(plan)));
  // Timestamp 0: the thread does not exist, because all changes that would have made it were
  // refused. There is nothing to follow; the outcomes are the answer.
  if (follower->diff_ && follower->cursor_.at == Timestamp()) follower->plan_.follow = Follow::none;
  if (follower->plan_.follow == Follow::none && follower->diff_) return follower;
  TRY(parts.engine.join(follower->plan_.user, follower->plan_.thread, *follower));
  follower->joined_ = true;
  return follower;
}

ThreadFollower::ThreadFollower(FollowParts parts, FollowPlan plan)
    : parts_(parts), plan_(std::move(plan)), cursor_{plan_.after.at, parts.engine.epoch()} {
  says_epoch_ = plan_.after.epoch != Epoch() && plan_.after.epoch != cursor_.epoch;
  if (!plan_.reply) return;
  cursor_ = plan_.reply->cursor;
  held_ = Charge(parts.memory, MemoryKind::answers, held_by(plan_.reply->diff));
  diff_ = std::make_unique<DiffFrames>(std::move(*plan_.reply), limits::diff_frame_bytes_max);
  plan_.reply.reset();
}

ThreadFollower::~ThreadFollower() {
  if (joined_) parts_.engine.leave(plan_.thread, *this);
}

void ThreadFollower::wake() {
  awake_ = true;
  if (owner_ != nullptr) owner_->woken(*this);
}

void ThreadFollower::shut_down() {
  stopping_ = true;
  wake();
}

bool ThreadFollower::done_waiting() const {
  return plan_.follow == Follow::none ||
         (plan_.follow == Follow::run && plan_.awaited.empty() && !parts_.stopping);
}

Stream::Filled ThreadFollower::fill(std::string& out, std::size_t bytes_max) {
  if (finished_) return Filled::finished;
  if (diff_) return fill_diff(out, bytes_max);
  if (std::exchange(says_epoch_, false)) say_live(out);
  if (!awake_) return Filled::waiting;
  return fill_entries(out, bytes_max);
}

Stream::Filled ThreadFollower::fill_diff(std::string& out, std::size_t bytes_max) {
  const std::size_t start = out.size();
  while (out.size() - start < bytes_max) {
    std::string frame;
    const bool last = diff_->next(frame);
    plan_.framing.append(out, frame, last ? to_string(cursor_) : std::string());
    if (!last) continue;
    diff_.reset();
    held_.set(0);
    // With `none` the diff is the whole answer; the next sync brings later entries.
    if (done_waiting()) return end(out, "done");
    return Filled::more;
  }
  return Filled::more;
}

Stream::Filled ThreadFollower::fill_entries(std::string& out, std::size_t bytes_max) {
  Result<Slice> slice = parts_.engine.entries(plan_.user, plan_.thread, cursor_.at, bytes_max);
  if (!slice) return failed(out, slice.error());
  for (const auto& published : slice->entries) {
    if (plan_.until && published->entry->at > *plan_.until) return end(out, "done");
    take(out, *published);
    if (plan_.follow == Follow::run && done_waiting()) return end(out, "done");
  }
  if (cursor_.at < slice->end && !slice->entries.empty()) return Filled::more;
  return caught_up(out);
}

void ThreadFollower::take(std::string& out, const Published& published) {
  const Entry& entry = *published.entry;
  MUST(entry.at > cursor_.at);
  if (published.json.empty()) append_entry_frame(published.json, entry);
  cursor_.at = entry.at;
  const bool names_cursor = plan_.framing.form == Form::sse;
  plan_.framing.append(out, published.json, names_cursor ? to_string(cursor_) : std::string());
  if (plan_.awaited.empty()) return;
  for (const Event& event : entry.events) {
    if (const auto* ended = std::get_if<RunEnded>(&event)) std::erase(plan_.awaited, ended->run);
  }
}

Stream::Filled ThreadFollower::caught_up(std::string& out) {
  awake_ = false;
  if (plan_.until && cursor_.at >= *plan_.until) return end(out, "done");
  if (std::exchange(plan_.says_live, false)) say_live(out);
  if (done_waiting()) return end(out, "done");
  if (stopping_) return end(out, "shutdown");
  return Filled::waiting;
}

void ThreadFollower::say_live(std::string& out) {
  std::string frame;
  append_live_frame(frame, cursor_);
  plan_.framing.append(out, frame, to_string(cursor_));
}

Stream::Filled ThreadFollower::end(std::string& out, std::string_view reason) {
  std::string frame;
  append_end_frame(frame, cursor_, reason);
  plan_.framing.append(out, frame, to_string(cursor_));
  finished_ = true;
  return Filled::finished;
}

Stream::Filled ThreadFollower::failed(std::string& out, const Error& error) {
  if (error.code == codes::deleted) return end(out, "deleted");
  if (error.code == codes::unknown_thread) return end(out, "forbidden");
  std::string frame;
  append_failure(frame, problem_of(error));
  plan_.framing.append(out, frame, {});
  finished_ = true;
  return Filled::finished;
}

}  // namespace lockstep
