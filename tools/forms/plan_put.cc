// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/plan_put.h"

#include <algorithm>
#include <unordered_map>

#include "engine/base/codes.h"
#include "engine/base/limits.h"

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

std::string at_line(std::uint64_t line, const MessageId& message) {
  return "line " + std::to_string(line) + ": message " + message.get();
}
std::string at_line(const PlannedMessage& message) {
  return at_line(message.line, message.input.id);
}

// What the refusal of a message names.
struct SentMessage {
  std::uint64_t line = 0;  // 0: the change puts no message
  std::optional<MessageId> parent;
};

std::string why_refused(const Outcome& outcome, const SentMessage& sent) {
  if (!outcome.message) return said(outcome);
  if (sent.line == 0) return "message " + outcome.message->get() + ": " + said(outcome);
  const std::string where = at_line(sent.line, *outcome.message);
  if (outcome.code != codes::unknown_message || !sent.parent) return where + ": " + said(outcome);
  return where + " has the parent " + sent.parent->get() +
         ", which is neither on an earlier line nor in the store: correct `parent`";
}

// Removes repeated messages. Returns an error if two messages have the same id, else an empty
// text.
std::string drop_repeated(std::vector<PlannedMessage>& messages) {
  std::vector<PlannedMessage> kept;
  std::unordered_map<MessageId, std::size_t> places;  // in `kept`
  for (PlannedMessage& message : messages) {
    const auto [place, fresh] = places.emplace(message.input.id, kept.size());
    if (fresh) {
      kept.push_back(std::move(message));
      continue;
    }
    const PlannedMessage& former = kept[place->second];
    if (former.input != message.input || former.parent != message.parent) {
      return at_line(message) + " stands on line " + std::to_string(former.line) +
             " already, with other content: give one of them another id";
    }
  }
  messages = std::move(kept);
  return {};
}

// Is it another message with the same id? After an edit this is unknown, so the answer is no.
bool is_other(const Message& there, const PlannedMessage& message) {
  return there.updated == there.created &&
         (there.role != message.input.role || there.parts != message.input.parts);
}

// Is the thread in the store another user's? If an earlier import of this file made it, one of the
// two has all messages of the other.
bool is_of_another(const ThreadPlan& plan, const Screen& there) {
  std::size_t shared = 0;
  for (const PlannedMessage& message : plan.messages) {
    const Message* known = there.message(message.input.id);
    if (known && is_other(*known, message)) return true;
    if (known) ++shared;
  }
  return shared < plan.messages.size() && shared < there.messages.size();
}

}  // namespace

struct PlanPutter::Work {
  ThreadPlan plan;
  std::vector<SentMessage> sent;  // by the changes under way, in their order
  std::size_t next = 0;           // of the plan's messages
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
  const std::string repeated = drop_repeated(work->plan.messages);
  account_.messages += work->plan.messages.size();
  const auto known = engine_.read(thread.owner, thread, {});
  if (!known && known.error().code != codes::unknown_thread) {
    account_.problems.push_back(to_string(work->plan.thread) + ": " + known.error().code + ", " +
                                known.error().detail);
    return;
  }
  const std::string forbidden =
      repeated.empty() ? what_forbids(work->plan, known ? &known->screen : nullptr) : repeated;
  if (!forbidden.empty()) {
    account_.problems.push_back(to_string(thread) + ": " + forbidden);
    return;
  }
  work->is_new = !known;
  if (known) {
    // Existing messages are not put again, so a second import of a file only reads.
    std::erase_if(work->plan.messages, [&](const PlannedMessage& message) {
      return known->screen.message(message.input.id) != nullptr;
    });
  }
  busy_.insert(thread);
  next(work);
}

// The reason to refuse the plan; empty if there is no reason.
std::string PlanPutter::what_forbids(const ThreadPlan& plan, const Screen* there) {
  const auto [it, first] = found_.emplace(plan.thread, there ? Found::there : Found::none);
  Found& found = it->second;
  if (first && there && plan.from && is_of_another(plan, *there)) found = Found::of_another;
  if (found == Found::of_another) {
    return plan.thread.owner.get() + " has a thread of this id that is not " + plan.from->get() +
           "'s, and the two would be one: import each user's threads into a user of its own";
  }
  // A message from before the import stays as it is. A message that this import put must not come a
  // second time with other content.
  if (found != Found::none || !there) return {};
  for (const PlannedMessage& message : plan.messages) {
    const Message* known = there->message(message.input.id);
    if (known && is_other(*known, message)) {
      return at_line(message) +
             " stands on an earlier line already, with other content: give one of them another id";
    }
  }
  return {};
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
  work->sent.clear();
  while (work->next < messages.size() && changes.size() < limits::changes_max) {
    work->sent.push_back({messages[work->next].line, messages[work->next].parent});
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
  for (std::size_t at = 0; at < reply->outcomes.size(); ++at) {
    const Outcome& outcome = reply->outcomes[at];
    if (!outcome.applied) {
      const SentMessage sent = at < work->sent.size() ? work->sent[at] : SentMessage();
      account_.problems.push_back(where + why_refused(outcome, sent));
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
