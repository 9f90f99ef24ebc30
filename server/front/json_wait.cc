// SPDX-License-Identifier: Apache-2.0
#include "server/front/json_wait.h"

#include <utility>

#include "engine/base/limits.h"
#include "engine/rules/held.h"
#include "server/base/limits.h"

namespace lockstep {

JsonWait::JsonWait(Front& front, SyncRequest request, SyncReply first)
    : engine_(front.engine),
      request_(std::move(request)),
      first_(std::move(first)),
      held_(front.memory, MemoryKind::answers, limits::answer_bytes + held_by(first_.diff)),
      at_(first_.cursor.at) {
  request_.changes.changes.clear();
  request_.changes.if_head.reset();
  joined_ = engine_.join(request_.changes.user, request_.thread, *this).has_value();
  give_up_ = !joined_;
}

JsonWait::~JsonWait() {
  if (joined_) engine_.leave(request_.thread, *this);
}

void JsonWait::attach(StreamOwner& owner) { owner_ = &owner; }

void JsonWait::wake() {
  awake_ = true;
  if (owner_ != nullptr) owner_->woken(*this);
}

void JsonWait::shut_down() {
  give_up_ = true;
  wake();
}

Stream::Filled JsonWait::fill(std::string& out, std::size_t bytes_max) {
  if (answer_) return answer_->next(out, bytes_max) ? Filled::finished : Filled::more;
  if (!last_ && !give_up_ && !asked_ && waited()) sync_again();
  if (!last_ && !give_up_) return Filled::waiting;
  answer_ = pieces_of(last_ ? std::move(*last_) : std::move(first_));
  held_.set(limits::answer_bytes + answer_->held());
  return fill(out, bytes_max);
}

bool JsonWait::waited() {
  while (awake_ && !first_.awaited.empty()) {
    const Result<Slice> slice =
        engine_.entries(request_.changes.user, request_.thread, at_, limits::read_bytes_max);
    if (!slice) {
      give_up_ = true;
      return false;
    }
    for (const auto& published : slice->entries) take(*published->entry);
    awake_ = !slice->entries.empty() && at_ < slice->end;
  }
  return first_.awaited.empty();
}

void JsonWait::take(const Entry& entry) {
  at_ = entry.at;
  for (const Event& event : entry.events) {
    if (const auto* ended = std::get_if<RunEnded>(&event)) std::erase(first_.awaited, ended->run);
  }
}

void JsonWait::sync_again() {
  asked_ = true;
  engine_.sync(request_, alive_.guard([this](Result<SyncReply> reply) {
    if (reply) {
      reply->outcomes = std::move(first_.outcomes);
      last_ = std::move(*reply);
    } else {
      give_up_ = true;
    }
    wake();
  }));
}

}  // namespace lockstep
