// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/decide.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "engine/base/limits.h"
#include "engine/rules/op_memory.h"
#include "engine/rules/run.h"

namespace lockstep {
namespace {

// Why a change can't be. The codes are the protocol's.
struct Refusal {
  std::string code;
  std::string detail;
};
using Verdict = std::expected<void, Refusal>;

std::unexpected<Refusal> refuse(std::string code, std::string detail) {
  return std::unexpected(Refusal{std::move(code), std::move(detail)});
}

// What the change's user saw: its own `seen`, else the request's cursor; nothing: now.
std::optional<Cursor> seen_of(const ChangeRequest& request, const Change& change) {
  return change.seen ? change.seen : request.cursor;
}

bool looks_back(const ThreadState& state, const Change& change) {
  const auto unplaced = [](const auto& what) { return !what.place.has_value(); };
  switch (type_of(change)) {
    case ChangeType::stop_run:
      return true;
    case ChangeType::start_run:
      return state.running || unplaced(std::get<StartRun>(change.what));
    case ChangeType::put_message: {
      const auto& put = std::get<PutMessage>(change.what);
      return state.running || put.if_unchanged || unplaced(put);
    }
    case ChangeType::delete_message:
      return state.running || std::get<DeleteMessage>(change.what).if_unchanged;
    default:
      return false;
  }
}

// All rules of one request; one object per decision.
class Judge {
 public:
  Judge(Draft& draft, const Pasts& pasts, const ChangeRequest& request)
      : draft_(draft), pasts_(pasts), request_(request), memory_(draft.before(), request) {}

  void take(const Change& change) {
    if (std::optional<Outcome> known = memory_.answer(change, acks())) {
      draft_.decision().outcomes.push_back(std::move(*known));
      return;
    }
    Outcome outcome;
    outcome.op = change.op;
    outcome.type = type_of(change);
    outcome_ = &outcome;
    const Verdict verdict = judge(change);
    outcome.applied = verdict.has_value();
    if (!verdict) {
      outcome.code = verdict.error().code;
      outcome.detail = verdict.error().detail;
    }
    outcome.at = draft_.at();
    if (change.op) acks().push_back({request_.user, *request_.device, change.content, outcome});
    draft_.decision().outcomes.push_back(std::move(outcome));
  }

 private:
  std::vector<Ack>& acks() const { return draft_.decision().entry.acks; }

  // --- One change --------------------------------------------------------------------------------

  Verdict judge(const Change& change) {
    if (request_.if_head && draft_.before().thread.head != request_.if_head) {
      return refuse("head_moved", "the thread's head is another");
    }
    const std::optional<Cursor> seen = seen_of(request_, change);
    if (seen && check(*seen, draft_.before().now, draft_.rules()) != CursorCheck::good) {
      return refuse("unknown_history", "what was seen is not of this history");
    }
    if (change.op && memory_.is_new_device() &&
        draft_.before().devices.size() >= limits::devices_max) {
      return refuse("too_many", "too many devices have changed this thread");
    }
    sight_ = Sight{seen ? seen->at : draft_.before().now, nullptr, {}};
    if (looks_back(draft_.before(), change)) look_back();
    return std::visit([&](const auto& what) { return judge(what); }, change.what);
  }

  // What was seen, against what has become of it: the request's own former changes included.
  void look_back() {
    const bool earlier = sight_.at < draft_.before().now;
    past_ = earlier ? pasts_.at(sight_.at) : Past{sight_.at, draft_.before().thread.head, {}, {}};
    extend(past_, draft_.decision().entry);
    sight_.past = &past_;
  }

  Verdict judge(const StartRun& change) {
    outcome_->run = change.run;
    if (draft_.state().run(change.run)) return {};  // joins it
    if (Verdict fit = may_start(change); !fit) return fit;
    const Place place = change.place.value_or(Place{Place::Kind::after, head_as_seen()});
    const std::optional<MessageId> head = resolve(draft_.state(), place);
    if (!head && change.input.empty()) return refuse("invalid", "there is nothing to answer");

    const bool busy = draft_.state().running || !draft_.state().waiting.empty();
    const WhenBusy when = change.when_busy.value_or(
        place.kind == Place::Kind::after ? WhenBusy::queue : WhenBusy::interrupt);
    if (busy && when == WhenBusy::reject) return refuse("busy", "another run goes on");
    if (const char* full = no_room(draft_, change)) {
      return refuse("too_many", full);
    }
    const std::optional<MessageId> anchor = draft_.state().nearest_living(place.message);
    if (draft_.state().running && when == WhenBusy::interrupt) {
      stop_as_seen(draft_, sight_, RunStatus::stopped);
    } else if (draft_.state().running && when == WhenBusy::rollback) {
      roll_back(draft_);
    }
    draft_.say(RunQueued{change.run, change.agent, change.input, Place{place.kind, anchor},
                         change.params});
    if (!busy || when != WhenBusy::queue) {
      start(draft_, *draft_.state().run_numbers.find(change.run));
    }
    return {};
  }

  Verdict may_start(const StartRun& change) const {
    for (const Op op : change.needs) {
      const Ack* needed = memory_.find(op, acks());
      if (!needed || !needed->outcome.applied) {
        return refuse("depends", "it needs op " + std::to_string(op.get()) + ", which was " +
                                     (needed ? "refused" : "never taken"));
      }
    }
    if (!draft_.rules().agents.settings(change.agent, change.params)) {
      return refuse("unknown_agent", "there is no agent " + change.agent.get());
    }
    std::unordered_set<MessageId> ids;
    for (const MessageInput& input : change.input) {
      if (is_taken(input.id)) return refuse("exists", "message " + input.id.get() + " is there");
      if (!ids.insert(input.id).second) {
        return refuse("invalid", "message " + input.id.get() + " comes twice");
      }
    }
    return known_place(change.place);
  }

  Verdict judge(const PutMessage& change) {
    outcome_->message = change.id;
    if (const MessageRow* row = draft_.state().message(change.id)) {
      return row->deleted ? refuse("deleted", "message " + change.id.get() + " was deleted")
                          : put_again(change, MessageRow(*row));
    }
    if (is_taken(change.id)) {
      return refuse("exists", "message " + change.id.get() + " is in the input of a waiting run");
    }
    if (Verdict fit = known_place(change.place); !fit) return fit;
    if (draft_.state().messages.size() >= limits::messages_max) {
      return refuse("too_many", "the thread has too many messages");
    }
    Message message;
    message.id = change.id;
    message.parent =
        resolve(draft_.state(), change.place.value_or(Place{Place::Kind::after, head_as_seen()}));
    message.role = change.role.value_or(Role::user);
    message.author = change.author;
    message.parts = change.parts;
    message.metadata = change.metadata;
    put_new(draft_, std::move(message));
    move_head(draft_, change.id);
    return {};
  }

  Verdict put_again(const PutMessage& change, const MessageRow& row) {
    if (change.if_absent) return {};
    if (Verdict fit = unchanged(change.if_unchanged, {change.id}); !fit) return fit;
    if (change.role && *change.role != row.message.role) {
      return refuse("invalid", "a message keeps its role");
    }
    if (Verdict fit = known_place(change.place); !fit) return fit;
    if (change.place && !stands_at(row.message, *change.place)) {
      return refuse("invalid", "a message keeps its place");
    }
    end_run_that_has({change.id});
    Message message = row.message;
    message.parts = change.parts;
    message.status = MessageStatus::complete;
    message.updated = draft_.at();
    if (change.author) message.author = change.author;
    if (change.metadata) message.metadata = change.metadata;
    draft_.say(MessagePut{std::move(message)});
    return {};
  }

  Verdict judge(const DeleteMessage& change) {
    outcome_->message = change.message;
    const std::uint32_t* number = draft_.state().message_numbers.find(change.message);
    if (!number) return refuse("unknown_message", "there is no message " + change.message.get());
    const std::vector<MessageId> doomed = subtree(*number);
    if (doomed.empty()) return {};  // deleted before
    if (Verdict fit = unchanged(change.if_unchanged, doomed); !fit) return fit;
    const std::unordered_set<MessageId> set(doomed.begin(), doomed.end());
    end_run_that_has(set);
    supersede_waiting(set);
    for (const MessageId& id : doomed) draft_.say(MessageDeleted{id});
    move_head(draft_, draft_.state().nearest_living(draft_.state().thread.head));
    return {};
  }

  Verdict judge(const StopRun& change) {
    const RunRow* row = change.run ? draft_.state().run(*change.run) : running_as_seen();
    if (!row) {
      return refuse("unknown_run", change.run ? "there is no run " + change.run->get()
                                              : "no run was running when this was seen");
    }
    outcome_->run = row->run.id;
    const RunRow run = *row;
    sight_.shown = change.shown;
    if (run.run.status == RunStatus::queued) {
      draft_.say(RunEnded{run.run.id, RunStatus::stopped, {}, {}});
      return {};
    }
    if (run.run.status == RunStatus::running) {
      stop_as_seen(draft_, sight_, RunStatus::stopped);
      return {};
    }
    const std::vector<Cut> cuts = cuts_as_seen(draft_, run, sight_);
    if (std::ranges::none_of(cuts, [](const Cut& cut) { return cut.shortens; })) return {};
    if (const Cut* cut = built_upon(draft_.state(), run, cuts, sight_)) {
      const std::string& id = draft_.state().messages[cut->number].message.id.get();
      return refuse("built_upon", cut->put_anew ? "message " + id + " was put anew"
                                                : "a run was given more of message " + id);
    }
    cut_ended(draft_, run, cuts);
    return {};
  }

  Verdict judge(const MoveHead& change) {
    if (change.head) {
      const MessageRow* row = draft_.state().message(*change.head);
      if (!row) return refuse("unknown_message", "there is no message " + change.head->get());
      if (row->deleted) return refuse("deleted", "message " + change.head->get() + " was deleted");
    }
    outcome_->message = change.head;
    move_head(draft_, change.head);
    return {};
  }

  Verdict judge(const UpdateThread& change) {
    if (!change.title && !change.archived && !change.metadata) return {};
    draft_.say(ThreadUpdated{change.title, change.archived, change.metadata});
    return {};
  }

  // --- What they share ---------------------------------------------------------------------------

  std::optional<MessageId> head_as_seen() const {
    return sight_.past ? sight_.past->head : draft_.before().thread.head;
  }

  // No other device has changed these since they were seen. Requires: the change looks back.
  Verdict unchanged(bool asked, const std::vector<MessageId>& messages) const {
    if (!asked || !sight_.past->changed_by_another(messages, request_.user, request_.device))
      return {};
    return refuse("changed", "another device has changed it since: look at it, and say it again");
  }

  const RunRow* running_as_seen() const {
    for (std::size_t at = draft_.state().runs.size(); at-- > 0;) {
      const RunRow& row = draft_.state().runs[at];
      const Run& run = row.run;
      if (run.started && *run.started <= sight_.at && (!run.ended || *run.ended > sight_.at)) {
        return &row;
      }
    }
    return nullptr;
  }

  Verdict known_place(const std::optional<Place>& place) const {
    if (!place || !place->message || draft_.state().message(*place->message)) return {};
    return refuse("unknown_message", "there is no message " + place->message->get());
  }

  bool stands_at(const Message& message, const Place& place) const {
    if (message.parent == place.message) return true;
    if (place.kind == Place::Kind::parent) {
      return message.parent == draft_.state().nearest_living(place.message);
    }
    return draft_.state().lies_below(message.id, place.message);
  }

  // In the tree, once in it, or on its way there.
  bool is_taken(const MessageId& id) const {
    if (draft_.state().message(id)) return true;
    return std::ranges::any_of(draft_.state().waiting, [&](std::uint32_t number) {
      const auto& input = draft_.state().runs[number].run.input;
      return std::ranges::find(input, id, &MessageInput::id) != input.end();
    });
  }

  // A front's word about a message that the running run writes, or was given, ends that run.
  void end_run_that_has(const std::unordered_set<MessageId>& touched) {
    if (!draft_.state().running) return;
    const RunRow& run = draft_.state().runs[*draft_.state().running];
    for (const MessageRow* row : draft_.state().path(run.run.head)) {
      if (!touched.contains(row->message.id)) continue;
      stop_as_seen(draft_, sight_, RunStatus::superseded);
      return;
    }
    for (const std::uint32_t number : run.messages) {
      if (!touched.contains(draft_.state().messages[number].message.id)) continue;
      stop_as_seen(draft_, sight_, RunStatus::stopped);
      return;
    }
  }

  void supersede_waiting(const std::unordered_set<MessageId>& doomed) {
    const std::vector<std::uint32_t> waiting = draft_.state().waiting;
    for (const std::uint32_t number : waiting) {
      const Run& run = draft_.state().runs[number].run;
      if (!run.place.message || !doomed.contains(*run.place.message)) continue;
      draft_.say(RunEnded{RunId(run.id), RunStatus::superseded, {}, {}});
    }
  }

  // The living messages at and below a message, parents first: a child's number is the greater one.
  std::vector<MessageId> subtree(std::uint32_t root) const {
    const ThreadState& state = draft_.state();
    std::unordered_set<MessageId> inside{state.messages[root].message.id};
    std::vector<MessageId> living;
    for (std::size_t number = root; number < state.messages.size(); ++number) {
      const Message& message = state.messages[number].message;
      if (number != root && (!message.parent || !inside.contains(*message.parent))) continue;
      inside.insert(message.id);
      if (!state.messages[number].deleted) living.push_back(message.id);
    }
    return living;
  }

  Draft& draft_;
  const Pasts& pasts_;
  const ChangeRequest& request_;
  OpMemory memory_;
  Past past_;
  Sight sight_;
  Outcome* outcome_ = nullptr;
};

}  // namespace

std::vector<Timestamp> pasts_needed(const ThreadState& state, const ChangeRequest& request,
                                    const Rules& rules) {
  std::set<Timestamp> needed;
  for (const Change& change : request.changes) {
    const std::optional<Cursor> seen = seen_of(request, change);
    if (!seen || seen->at >= state.now || !looks_back(state, change)) continue;
    if (check(*seen, state.now, rules) == CursorCheck::good) needed.insert(seen->at);
  }
  return {needed.begin(), needed.end()};
}

// NOLINTNEXTLINE(readability-function-size): a pure function is handed all that it depends on.
Decision decide(const ThreadState& state, const Pasts& pasts, const ChangeRequest& request,
                Timestamp at, const Rules& rules) {
  MUST(at > state.now);
  Draft draft(state, at, rules);
  Judge judge(draft, pasts, request);
  for (const Change& change : request.changes) judge.take(change);
  start_next(draft);
  Decision decision = draft.take();
  if (decision.entry.events.empty() && state.now == Timestamp()) {
    // A thread is made by what happens in it, not by what was refused: it remembers nothing yet.
    decision.entry.acks.clear();
  }
  if (!decision.leaves_trace()) {
    for (Outcome& outcome : decision.outcomes) {
      if (!outcome.duplicate) outcome.at = Timestamp();
    }
  }
  return decision;
}

Decision interrupt(const ThreadState& state, const RunError& why, Timestamp at,
                   const Rules& rules) {
  Draft draft(state, at, rules);
  if (draft.state().running) {
    const RunId run = draft.state().runs[*draft.state().running].run.id;
    end_run(draft, RunEnded{run, RunStatus::interrupted, why, {}});
  }
  interrupt_waiting(draft);
  return draft.take();
}

}  // namespace lockstep
