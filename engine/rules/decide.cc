// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/decide.h"

#include <algorithm>
#include <unordered_set>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/rules/call_changes.h"
#include "engine/rules/call_gates.h"
#include "engine/rules/look_back.h"
#include "engine/rules/op_memory.h"
#include "engine/rules/resume.h"
#include "engine/rules/run.h"
#include "engine/rules/subtree.h"
#include "engine/rules/verdict.h"

namespace lockstep {
namespace {

// The rules of one request. Each decision has its own judge.
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
    MUST(!change.op || request_.device);
    if (change.op) acks().push_back({request_.user, *request_.device, change.content, outcome});
    draft_.decision().outcomes.push_back(std::move(outcome));
  }

 private:
  std::vector<Ack>& acks() const { return draft_.decision().entry.acks; }

  // --- One change --------------------------------------------------------------------------------

  Verdict judge(const Change& change) {
    if (request_.if_head && draft_.before().thread.head != request_.if_head) {
      return refuse(codes::head_moved, "the head is not `if_head`: sync, and try again");
    }
    const std::optional<Cursor> seen = seen_of(request_, change);
    if (seen && check(*seen, draft_.before().now, draft_.rules()) != CursorCheck::good) {
      return refuse(codes::unknown_history, "`seen` is not of this thread's history: sync again");
    }
    if (change.op && memory_.is_new_device() &&
        draft_.before().devices.size() >= limits::devices_max) {
      return refuse(codes::too_many, "too many devices have changed this thread: leave out `op`");
    }
    const std::string* uri = missing_blob(change, draft_.rules().missing_blobs);
    if (uri) return refuse(codes::unknown_blob, unknown_blob_text(*uri));
    sight_ = Sight{seen ? seen->at : draft_.before().now, nullptr, {}};
    if (looks_back(draft_.before(), change)) look_back();
    return std::visit([&](const auto& what) { return judge(what); }, change.what);
  }

  // Compares the seen state with now. The request's own earlier changes count as made since.
  void look_back() {
    const bool earlier = sight_.at < draft_.before().now;
    MUST(!earlier || pasts_.contains(sight_.at));
    past_ =
        earlier ? pasts_.at(sight_.at) : Past{sight_.at, draft_.before().thread.head, {}, {}, {}};
    extend(past_, draft_.decision().entry);
    sight_.past = &past_;
  }

  Verdict judge(const StartRun& change) {
    outcome_->run = change.run;
    if (draft_.state().run(change.run)) return {};  // joins it
    if (change.continues) {
      if (Verdict fit = may_continue(draft_.state(), change); !fit) return fit;
      if (const RunState* run = continuation_of(draft_.state(), *change.continues)) {
        outcome_->run = run->run.id;
        return {};  // joins it: an answer has one continuation
      }
    }
    if (Verdict fit = may_start(change); !fit) return fit;
    const Place place = change.continues
                            ? Place{Place::Kind::parent, change.continues}
                            : change.place.value_or(Place{Place::Kind::after, head_as_seen()});
    const std::optional<MessageId> head = resolve(draft_.state(), place);
    if (!head && change.input.empty())
      return refuse(codes::invalid, "nothing to answer: add input");
    if (Verdict fit =
            calls_take_input(draft_.state(), head, {change.input, draft_.at()}, walk_left_);
        !fit)
      return fit;

    const bool busy = draft_.state().running || !draft_.state().waiting.empty();
    // `after` goes on where the thread ends, so it waits for the answer there. `parent` is for
    // edits and other answers: its user has left the branch that the running run writes.
    const WhenBusy when = change.when_busy.value_or(
        place.kind == Place::Kind::after || change.continues ? WhenBusy::queue : WhenBusy::stop);
    if (busy && when == WhenBusy::reject) return refuse(codes::busy, "another run is open: wait");
    if (const char* full = no_room(draft_, change)) return refuse(codes::too_many, full);
    const std::optional<MessageId> anchor = draft_.state().nearest_living(place.message);
    if (draft_.state().running && when == WhenBusy::stop) {
      stop_as_seen(draft_, sight_, RunStatus::stopped);
    } else if (draft_.state().running && when == WhenBusy::rollback) {
      roll_back(draft_);
    }
    draft_.say(RunQueued{change.run, change.agent, change.input, Place{place.kind, anchor},
                         change.params, change.continues, change.resumes});
    // An interrupting start overtakes queued runs: its user wants this answer instead of the one on
    // the screen, while the queued ones were asked behind other answers, and can still wait.
    if (!busy || when != WhenBusy::queue) {
      start(draft_, *draft_.state().run_numbers.find(change.run));
    }
    return {};
  }

  Verdict may_start(const StartRun& change) const {
    for (const Op op : change.needs) {
      const Ack* needed = memory_.find(op, acks());
      if (!needed || !needed->outcome.applied) {
        return refuse(codes::depends, "it needs op " + std::to_string(op.get()) + ", which was " +
                                          (needed ? "refused" : "never taken") +
                                          ": send both changes again, with new ops");
      }
    }
    if (!draft_.rules().agents.settings(change.agent, change.params)) {
      return refuse(codes::unknown_agent, "there is no agent " + change.agent.get());
    }
    if (auto why = draft_.rules().agents.refusal(change.agent, change.params)) {
      return refuse(codes::invalid, *std::move(why));
    }
    std::unordered_set<MessageId> ids;
    for (const MessageInput& input : change.input) {
      if (is_taken(input.id))
        return refuse(codes::exists, "id " + input.id.get() + " is taken: use another");
      if (!ids.insert(input.id).second) {
        return refuse(codes::invalid, "the input has message " + input.id.get() + " twice");
      }
    }
    return known_place(change.place);
  }

  Verdict judge(const PutMessage& change) {
    outcome_->message = change.id;
    if (const MessageState* row = draft_.state().message(change.id)) {
      return row->deleted ? refuse(codes::deleted, "message " + change.id.get() + " was deleted")
                          : put_again(change, MessageState(*row));
    }
    if (is_taken(change.id)) {
      return refuse(codes::exists,
                    "message " + change.id.get() + " is in the input of a queued run");
    }
    if (Verdict fit = known_place(change.place); !fit) return fit;
    if (draft_.state().messages.size() >= limits::messages_max) {
      return refuse(codes::too_many, "the thread has too many messages: start a new one");
    }
    Message message;
    message.id = change.id;
    message.parent =
        resolve(draft_.state(), change.place.value_or(Place{Place::Kind::after, head_as_seen()}));
    message.role = change.role.value_or(Role::user);
    message.author = change.author;
    message.parts = change.parts;
    message.metadata = change.metadata;
    if (Verdict fit = calls_take_put(draft_.state(), message, walk_left_); !fit) return fit;
    put_new(draft_, std::move(message));
    move_head(draft_, change.id);
    return {};
  }

  Verdict put_again(const PutMessage& change, const MessageState& row) {
    if (change.if_absent) return {};
    if (Verdict fit = unchanged(change.if_unchanged, {change.id}); !fit) return fit;
    if (change.role && *change.role != row.message.role) {
      return refuse(codes::invalid, "a message keeps its role: put a new message");
    }
    if (Verdict fit = known_place(change.place); !fit) return fit;
    if (change.place && !stands_at(row.message, *change.place)) {
      return refuse(codes::invalid, "a message keeps its place: put a new message");
    }
    Message message = row.message;
    message.parts = change.parts;
    keep_beside(draft_, message, row.message);
    if (Verdict fit = calls_take_put(draft_.state(), message, walk_left_); !fit) return fit;
    end_run_that_has({change.id});
    message.status = MessageStatus::complete;
    message.finish = {};  // of the former content
    message.updated = draft_.at();
    if (change.author) message.author = change.author;
    if (change.metadata) message.metadata = change.metadata;
    draft_.say(MessagePut{std::move(message)});
    return {};
  }

  Verdict judge(const DeleteMessage& change) {
    outcome_->message = change.message;
    const std::uint32_t* number = draft_.state().message_numbers.find(change.message);
    if (!number)
      return refuse(codes::unknown_message, "there is no message " + change.message.get());
    const std::vector<MessageId> doomed = living_from(draft_.state(), *number);
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
    const RunState* row = change.run ? draft_.state().run(*change.run) : running_as_seen();
    if (!row) {
      return refuse(codes::unknown_run, change.run ? "there is no run " + change.run->get()
                                                   : "no run was running when this was seen");
    }
    outcome_->run = row->run.id;
    const RunState run = *row;  // a copy: each event changes the row
    sight_.shown = change.shown;
    if (run.run.status == RunStatus::queued) {
      draft_.say(RunEnded{run.run.id, RunStatus::stopped, {}, {}});
      return {};
    }
    if (run.run.status == RunStatus::running) {
      stop_as_seen(draft_, sight_, RunStatus::stopped);
      return {};
    }
    const std::vector<CutPlan> cuts = cuts_as_seen(draft_, run, sight_);
    if (std::ranges::none_of(cuts, [](const CutPlan& cut) { return cut.shortens; })) {
      stop_awaiting(draft_, run.run.id);
      return {};
    }
    if (const CutPlan* cut = built_upon(draft_.state(), run, cuts, sight_)) {
      const std::string& id = draft_.state().messages[cut->number].message.id.get();
      return refuse(codes::built_upon,
                    cut->put_anew
                        ? "message " + id + " was replaced since `seen`: sync, and look again"
                        : "a later run was given more of message " + id + ": sync, and look again");
    }
    stop_awaiting(draft_, run.run.id);
    cut_ended(draft_, run, cuts);
    return {};
  }

  Verdict judge(const MoveHead& change) {
    if (change.head) {
      const MessageState* row = draft_.state().message(*change.head);
      if (!row) return refuse(codes::unknown_message, "there is no message " + change.head->get());
      if (row->deleted)
        return refuse(codes::deleted, "message " + change.head->get() + " was deleted");
    }
    outcome_->message = change.head;
    move_head(draft_, change.head);
    return {};
  }

  Verdict judge(const UpdateThread& change) {
    if (!change.title && !change.archived && !change.metadata && !change.approved_tools) return {};
    draft_.say(
        ThreadUpdated{change.title, change.archived, change.metadata, change.approved_tools});
    return {};
  }

  Verdict judge(const AnswerCall& change) {
    outcome_->message = change.id;
    if (is_taken(change.id)) return refuse(codes::exists, "id " + change.id.get() + " is taken");
    Verdict fit = unchanged(draft_.state().living(change.message) != nullptr, {change.message});
    return fit ? answer_call(draft_, change, past_, walk_left_) : fit;
  }

  Verdict judge(const DecideCall& change) {
    outcome_->message = change.message;
    Verdict fit = unchanged(draft_.state().living(change.message) != nullptr, {change.message});
    return fit ? decide_call(draft_, change, past_, walk_left_) : fit;
  }

  // --- Shared by the changes ---------------------------------------------------------------------

  std::optional<MessageId> head_as_seen() const {
    return sight_.past ? sight_.past->head : draft_.before().thread.head;
  }

  // Refuses if another device has changed these since they were seen.
  Verdict unchanged(bool asked, const std::vector<MessageId>& messages) const {
    if (!asked) return {};
    MUST(sight_.past != nullptr);  // such a change looks back
    if (!sight_.past->changed_by_another(messages, request_.user, request_.device)) return {};
    return refuse(codes::changed,
                  "another device has changed it since `seen`: sync, show both to the user, and "
                  "let the user decide");
  }

  const RunState* running_as_seen() const {
    for (std::size_t at = draft_.state().runs.size(); at-- > 0;) {
      const RunState& row = draft_.state().runs[at];
      const Run& run = row.run;
      if (run.started && *run.started <= sight_.at && (!run.ended || *run.ended > sight_.at)) {
        return &row;
      }
    }
    return nullptr;
  }

  Verdict known_place(const std::optional<Place>& place) const {
    if (!place || !place->message || draft_.state().message(*place->message)) return {};
    return refuse(codes::unknown_message, "there is no message " + place->message->get());
  }

  bool stands_at(const Message& message, const Place& place) const {
    if (message.parent == place.message) return true;
    if (place.kind == Place::Kind::parent) {
      return message.parent == draft_.state().nearest_living(place.message);
    }
    return draft_.state().lies_below(message.id, place.message);
  }

  // Is the message in the tree, deleted, or in the input of a queued run?
  bool is_taken(const MessageId& id) const {
    if (draft_.state().message(id)) return true;
    return std::ranges::any_of(draft_.state().waiting, [&](std::uint32_t number) {
      const auto& input = draft_.state().runs[number].run.input;
      return std::ranges::find(input, id, &MessageInput::id) != input.end();
    });
  }

  // Ends the running run if these messages are in its context or its answer.
  void end_run_that_has(const std::unordered_set<MessageId>& touched) {
    if (!draft_.state().running) return;
    const RunState& run = draft_.state().runs[*draft_.state().running];
    for (const MessageState* row : draft_.state().path(run.run.head)) {
      if (!touched.contains(row->message.id)) continue;
      // The question has changed: the run answers one that is not there any more.
      stop_as_seen(draft_, sight_, RunStatus::superseded);
      return;
    }
    for (const std::uint32_t number : run.messages) {
      if (!touched.contains(draft_.state().messages[number].message.id)) continue;
      // The question stands: the user has put another text in place of the answer, or deleted it.
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

  Draft& draft_;
  const Pasts& pasts_;
  const ChangeRequest& request_;
  OpMemory memory_;
  Past past_;
  WalkLeft walk_left_;
  Sight sight_;
  Outcome* outcome_ = nullptr;
};

}  // namespace

// NOLINTNEXTLINE(readability-function-size): a pure function gets all that it depends on.
Decision decide(const ThreadState& state, const Pasts& pasts, const ChangeRequest& request,
                Timestamp at, const Rules& rules) {
  MUST(at > state.now);
  Draft draft(state, at, rules);
  Judge judge(draft, pasts, request);
  for (const Change& change : request.changes) judge.take(change);
  settle_awaiting(draft);
  start_next(draft);
  Decision decision = draft.take();
  MUST(decision.outcomes.size() == request.changes.size());
  if (decision.entry.events.empty() && state.now == Timestamp()) {
    // Only an applied change makes a thread: one that does not exist yet remembers no refusals.
    decision.entry.acks.clear();
  }
  if (!decision.leaves_trace()) {
    for (Outcome& outcome : decision.outcomes) {
      if (!outcome.duplicate) outcome.at = Timestamp();
    }
  }
  return decision;
}

}  // namespace lockstep
