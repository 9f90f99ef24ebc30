// SPDX-License-Identifier: Apache-2.0
#include "tools/plan_put.h"

#include <algorithm>

#include "engine/limits.h"

namespace lockstep {
namespace {

// Threads that are put at once: enough to fill a flush of the log.
constexpr std::size_t busy_max = 64;

Change put_of(PlannedMessage message) {
  PutMessage put;
  put.id = message.input.id;
  put.role = message.input.role;
  put.parts = std::move(message.input.parts);
  put.author = std::move(message.input.author);
  put.metadata = std::move(message.input.metadata);
  put.place = Place{Place::Kind::parent, std::move(message.parent)};
  put.if_absent = true;
  return {.op = {}, .seen = {}, .content = {}, .what = std::move(put)};
}

std::string said(const Outcome& outcome) {
  return outcome.code + (outcome.detail.empty() ? "" : ", " + outcome.detail);
}

}  // namespace

struct PlanPutter::Work {
  ThreadPlan plan;
  std::size_t next = 0;  // of the plan's messages
  bool is_new = false;
  bool finishing = false;  // the last changes are on their way
};

PlanPutter::PlanPutter(StoreWriter& writer, Engine& engine) : writer_(writer), engine_(engine) {}
PlanPutter::~PlanPutter() = default;

void PlanPutter::put(ThreadPlan plan) {
  const ThreadName thread = plan.thread;
  while (busy_.contains(thread)) wait_until_at_most(busy_.size() - 1);
  wait_until_at_most(busy_max - 1);
  const auto work = std::make_shared<Work>();
  work->plan = std::move(plan);
  ++account_.threads;
  account_.messages += work->plan.messages.size();
  const auto known = engine_.read(thread.owner, thread, {});
  if (!known && known.error().code != "unknown_thread") {
    account_.problems.push_back(to_string(work->plan.thread) + ": " + known.error().code + ", " +
                                known.error().detail);
    return;
  }
  work->is_new = !known;
  if (known) {
    // What is there is not asked for again: a second import of a file costs reading only.
    std::erase_if(work->plan.messages, [&](const PlannedMessage& message) {
      return known->screen.message(message.input.id) != nullptr;
    });
  }
  busy_.insert(thread);
  next(work);
}

PutAccount PlanPutter::finish() {
  wait_until_at_most(0);
  return std::move(account_);
}

void PlanPutter::next(const std::shared_ptr<Work>& work) {
  std::vector<PlannedMessage>& messages = work->plan.messages;
  SyncRequest request;
  request.thread = work->plan.thread;
  request.changes.user = work->plan.thread.owner;
  std::vector<Change>& changes = request.changes.changes;
  while (work->next < messages.size() && changes.size() < limits::changes_max) {
    changes.push_back(put_of(std::move(messages[work->next++])));
  }
  // A new thread's head and metadata come after its messages, in a request of their own.
  if (changes.empty() && work->is_new && !work->finishing) {
    work->finishing = true;
    if (work->plan.metadata) {
      changes.push_back(
          {.op = {}, .seen = {}, .content = {}, .what = UpdateThread{{}, {}, work->plan.metadata}});
    }
    if (work->plan.head) {
      changes.push_back({.op = {}, .seen = {}, .content = {}, .what = MoveHead{work->plan.head}});
    }
  }
  if (changes.empty()) return end(work);
  engine_.sync(std::move(request),
               [this, work](Result<SyncReply> reply) { answered(work, std::move(reply)); });
}

void PlanPutter::answered(const std::shared_ptr<Work>& work, Result<SyncReply> reply) {
  const std::string where = to_string(work->plan.thread) + ": ";
  if (!reply) {
    account_.problems.push_back(where + reply.error().code + ", " + reply.error().detail);
    return end(work);
  }
  for (const Outcome& outcome : reply->outcomes) {
    if (!outcome.applied) {
      const std::string what = outcome.message ? "message " + outcome.message->get() + ": " : "";
      account_.problems.push_back(where + what + said(outcome));
    } else if (outcome.type == ChangeType::put_message && outcome.at != Timestamp()) {
      ++account_.messages_new;
    }
  }
  next(work);
}

void PlanPutter::end(const std::shared_ptr<Work>& work) {
  if (work->is_new) ++account_.threads_new;
  busy_.erase(work->plan.thread);
  moved_ = true;
}

void PlanPutter::wait_until_at_most(std::size_t count) {
  while (busy_.size() > count) {
    moved_ = false;
    writer_.wait_for(moved_);
  }
}

}  // namespace lockstep
