// SPDX-License-Identifier: Apache-2.0
// world_changes.cc: the changes that a device sends, and the answers that it must get.
#include <algorithm>

#include "tests/laws/world_life.h"

namespace lockstep::test {
namespace {

constexpr const char* words[] = {"one", "deux", "\xC3\xA9t\xC3\xA9",
                                 "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", "\xE6\xBC\xA2\xE5\xAD\x97"};

bool is_memory_of_ops(const Outcome& outcome) {
  return outcome.duplicate || outcome.code == "op_reused" || outcome.code == "op_too_old";
}

bool same_but_for_duplicate(Outcome one, const Outcome& other) {
  one.duplicate = other.duplicate;
  return one == other;
}

}  // namespace

// No two are the same.
std::string EngineWorld::word() {
  return std::string(words[upto(std::size(words))]) + std::to_string(++names_) + " ";
}

std::string EngineWorld::some_message(Front& front) {
  const auto& messages = front.screen.messages;
  if (messages.empty() || one_in(12)) return "nowhere";
  return messages[messages.size() - 1 - upto(std::min<std::size_t>(5, messages.size()))].id.get();
}

StartRun EngineWorld::some_start(Front& front) {
  StartRun start;
  ThreadTruth& known = truth(front.thread);
  if (!one_in(5)) start.run = RunId("r" + std::to_string(++names_));
  if (one_in(10) && !known.runs().empty()) start.run = known.runs()[upto(known.runs().size())];
  MessageInput input = said(one_in(5) ? "" : "m" + std::to_string(++names_), word());
  start.input.push_back(std::move(input));
  if (one_in(4)) start.agent = AgentName("push");
  if (one_in(20)) start.agent = AgentName("nobody");
  if (one_in(3))
    start.place =
        Place{one_in(2) ? Place::Kind::after : Place::Kind::parent, MessageId(some_message(front))};
  if (one_in(3)) start.when_busy = static_cast<WhenBusy>(upto(4));
  if (start.run.get().empty()) start.when_busy = WhenBusy::queue;
  const bool interrupts =
      start.when_busy == WhenBusy::stop || start.when_busy == WhenBusy::rollback ||
      (!start.when_busy && start.place && start.place->kind == Place::Kind::parent);
  if (interrupts) known.said[start.run].may_overtake = true;
  return start;
}

Change EngineWorld::some_change(Front& front) {
  const std::uint64_t dice = upto(20);
  Change change;
  if (dice < 9) {
    change.what = some_start(front);
  } else if (dice < 13) {
    change.what = put(one_in(3)   ? some_message(front)
                      : one_in(4) ? ""
                                  : "m" + std::to_string(++names_),
                      word());
  } else if (dice < 14) {
    change.what = DeleteMessage{MessageId(some_message(front))};
  } else if (dice < 17) {
    StopRun stop;
    const auto& runs = front.screen.runs;
    if (!runs.empty() && one_in(2))
      stop.run = runs[runs.size() - 1 - upto(std::min<std::size_t>(3, runs.size()))].id;
    change.what = std::move(stop);
  } else if (dice < 18) {
    change.what = MoveHead{MessageId(some_message(front))};
  } else {
    change.what = UpdateThread{word(), std::nullopt, std::nullopt};
  }
  if (!one_in(10)) change.op = Op(front.ops += 1 + upto(2));
  if (front.screen.now != Timestamp()) change.seen = Cursor{front.screen.now, *epoch_};
  change.content = content_of(change);
  return change;
}

void EngineWorld::say_changes(Front& front) {
  doing_ = "a front of " + to_string(front.thread) + " says something";
  SyncRequest said = request(front);
  const std::uint64_t count = talkative_ ? 4 + upto(20) : 1 + (one_in(3) ? upto(3) : 0);
  for (std::uint64_t left = count; left > 0; --left)
    said.changes.changes.push_back(some_change(front));
  const bool numbered = std::ranges::all_of(
      said.changes.changes, [](const Change& change) { return change.op.has_value(); });
  if (numbered) {
    front.sent.push_back(said);
    if (one_in(10)) send(front, said);  // and at once again
  }
  send(front, std::move(said));
}

void EngineWorld::say_again(Front& front) {
  doing_ = "a front of " + to_string(front.thread) + " says something again";
  if (front.sent.empty()) return;
  const std::size_t span =
      one_in(3) ? front.sent.size() : std::min<std::size_t>(3, front.sent.size());
  SyncRequest said = front.sent[front.sent.size() - 1 - upto(span)];
  if (one_in(10)) {
    Change& change = said.changes.changes[upto(said.changes.changes.size())];
    change.what = UpdateThread{word(), std::nullopt, std::nullopt};
    change.content = content_of(change);
  }
  said.changes.cursor = request(front).changes.cursor;
  send(front, std::move(said));
}

void EngineWorld::send(Front& front, SyncRequest request) {
  auto made = call("a request with changes", front.thread);
  ++front.in_flight;
  const Screen held = request.changes.cursor ? front.screen : Screen();
  inside_ = true;
  life_->engine->sync(request, [this, &front, request, held, made](const Result<SyncReply>& reply) {
    --front.in_flight;
    replied(front, request, held, reply, *made);
  });
  inside_ = false;
}

void EngineWorld::replied(Front& front, const SyncRequest& request, const Screen& held,
                          const Result<SyncReply>& reply, Call& call) {
  answered(call);
  if (!reply) return check_error(call, reply.error().code);
  if (call.was_deleted) return found("a deleted thread is synced");
  is_durable(front.thread, reply->cursor.at, "a reply");
  if (reply->cursor.epoch != *epoch_) return found("a reply is of another epoch");
  if (reply->reset) return found("a reset without a reason: " + reply->reset->reason);
  show(front, *reply, held);
  check_outcomes(front, request, *reply);
}

// Each outcome must match the device's acks in the log, up to the entry before its own.
void EngineWorld::check_outcomes(Front& front, const SyncRequest& request, const SyncReply& reply) {
  const auto& changes = request.changes.changes;
  if (reply.outcomes.size() != changes.size()) return found("another number of outcomes");
  std::optional<Timestamp> own;
  for (const Outcome& outcome : reply.outcomes) {
    if (outcome.op && !is_memory_of_ops(outcome) && outcome.at != Timestamp()) own = outcome.at;
  }
  if (own) is_durable(front.thread, *own, "an outcome");
  const Timestamp until = own ? Timestamp(own->get() - 1) : reply.cursor.at;
  const Memory memory{truth(front.thread).memory(front.device, until),
                      reply.cursor.at != Timestamp()};
  for (std::size_t at = 0; at < changes.size(); ++at) {
    if (reply.outcomes[at].op != changes[at].op) return found("an outcome is of another op");
    if (changes[at].op) check_outcome(front, changes[at], reply.outcomes[at], memory);
  }
}

void EngineWorld::check_outcome(Front& front, const Change& change, const Outcome& outcome,
                                const Memory& memory) {
  const std::string name = "op " + std::to_string(change.op->get()) + " of " +
                           front.device.second.get() + " on " + to_string(front.thread);
  const auto known =
      std::ranges::find(memory.acks, change.op, [](const Ack& ack) { return ack.outcome.op; });
  if (known != memory.acks.end() && known->content == change.content) {
    if (!outcome.duplicate) return found(name + " is taken as new again");
    if (!same_but_for_duplicate(outcome, known->outcome))
      return found(name + " is answered otherwise");
    const auto first = front.answered.find(change.op->get());
    if (first == front.answered.end()) {
      count("op answered again after a lost answer");
      front.answered[change.op->get()] = outcome;
    } else if (!same_but_for_duplicate(outcome, first->second)) {
      return found(name + " is answered otherwise than the first time");
    }
    count("op answered again");
    const Entry* entry = truth(front.thread).entry(outcome.at);
    if (entry && front.first_life[change.op->get()] < records_.life)
      count("op answered again after a restart");
    if (!outcome.applied) count("refusal answered again");
    return;
  }
  if (known != memory.acks.end()) {
    count("op reused");
    return outcome.code == "op_reused" ? void()
                                       : found(name + " is reused, and answered " + outcome.code);
  }
  if (!memory.acks.empty() && *change.op < *memory.acks.front().outcome.op) {
    count("op too old");
    return outcome.code == "op_too_old" ? void() : found(name + " is too old, and taken");
  }
  if (outcome.duplicate) return found(name + " is new, and answered as known");
  if (outcome.at == Timestamp()) {
    // The first event makes a thread. Before it, the server does not remember refusals.
    if (outcome.applied || memory.made) found(name + " leaves no trace");
    return count("op refused by a thread that is not there");
  }
  const Ack* ack = truth(front.thread).ack(front.device, *change.op);
  if (!ack || ack->outcome != outcome) return found(name + " is answered before it is durable");
  if (front.answered.contains(change.op->get())) return found(name + " is answered as new twice");
  front.answered[change.op->get()] = outcome;
  front.first_life[change.op->get()] = records_.life;
  count(outcome.applied ? "op applied" : "op refused");
}

}  // namespace lockstep::test
