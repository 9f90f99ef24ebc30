// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/laws.h"

#include <algorithm>

#include "tests/explore/line.h"
#include "tests/laws/front.h"

namespace lockstep::explore {
namespace {

// Computes the right outcome of a request, from the state that its user saw and the state that it
// found.
class Judge {
 public:
  Judge(const World& before, const Asked& asked)
      : world_(before),
        state_(before.now()),
        asked_(asked),
        outcomes_(asked.outcomes),
        texts_(texts_of(before.now())),
        line_(before.now()) {}

  std::string judge(World& after) {
    if (outcomes_.size() != asked_.changes.size()) return "not every change has an outcome";
    for (std::size_t at = 0; at < outcomes_.size(); ++at) {
      const Outcome& outcome = outcomes_[at];
      if (outcome.duplicate) return "a change is answered as known at its first arrival";
      const std::string code = std::visit([&](const auto& what) { return judge(what, outcome); },
                                          asked_.changes[at].what);
      if (!wrong_.empty()) return wrong_;
      if (outcome.applied != code.empty() || outcome.code != code) {
        return "a change is answered `" + outcome.code + "`, not `" + code + "`";
      }
    }
    for (const MessageId& id : settled_) after.settled[id] = texts_[id];
    if (std::string wrong = texts_are(texts_, after.now()); !wrong.empty()) return wrong;
    line_.moves_on();
    return line_.differs_from(after.now());
  }

 private:
  // Each returns the code of the refusal that is due; empty if the change must be applied.
  std::string judge(const StartRun& change, const Outcome& /*outcome*/) {
    for (const Op op : change.needs) {
      const auto refused = [&](const Outcome& one) { return one.op == op && !one.applied; };
      if (std::ranges::any_of(outcomes_, refused)) return "depends";
    }
    if (line_.busy() && change.when_busy == WhenBusy::reject) return "busy";
    if (change.when_busy == WhenBusy::stop) {
      if (state_.running) end_running(RunStatus::stopped);
      line_.pushes_in(change.run);
    } else {
      line_.comes(change.run);
    }
    return {};
  }

  std::string judge(const StopRun& change, const Outcome& outcome) {
    const ThreadState& seen = world_.at(asked_.seen).state;
    if (!change.run && !seen.running) return "unknown_run";
    const RunId id = change.run ? *change.run : seen.runs[*seen.running].run.id;
    if (outcome.run != id) wrong_ = "a stop is of another run than its user saw running";
    const Run& run = state_.run(id)->run;
    if (run.status == RunStatus::queued) {
      line_.stops(id);
      return {};
    }
    if (run.status == RunStatus::running) line_.stops(id);
    const MessageId reply = reply_of(number_of(id));
    if (is_over(run.status) && cuts(reply) && (put_since(reply) || given_since(reply))) {
      return "built_upon";
    }
    settle(reply);
    return {};
  }

  std::string judge(const PutMessage& change, const Outcome& /*outcome*/) {
    if (state_.running) {
      const RunState& run = state_.runs[*state_.running];
      if (on_path(run.run.head, change.id)) {
        end_running(RunStatus::superseded);
      } else if (state_.message(change.id)->message.run == run.run.id) {
        end_running(RunStatus::stopped);
      }
    }
    texts_[change.id] = "|" + *growing_text(change.parts[0]);
    settled_.push_back(change.id);
    return {};
  }

  template <class Other>
  std::string judge(const Other& /*change*/, const Outcome& /*outcome*/) {
    wrong_ = "no front asks for this";
    return {};
  }

  void end_running(RunStatus status) {
    const RunId& id = state_.runs[*state_.running].run.id;
    line_.stops(id, status);
    settle(reply_of(number_of(id)));
  }

  const std::string& frozen(const MessageId& id) const {
    const auto found = asked_.frozen.find(id);
    return found == asked_.frozen.end() ? nothing_ : found->second;
  }

  // The user saw less than the whole text, or the message was put since, so its text is unknown.
  bool cuts(const MessageId& id) const {
    if (!state_.message(id)) return false;
    return put_since(id) || !frozen(id).starts_with(texts_.at(id));
  }

  // The reply of a run that a front ends reads as that front showed it, or less if it was cut
  // before.
  void settle(const MessageId& id) {
    if (!state_.message(id)) return;
    std::string& text = texts_[id];
    const std::string& shown = frozen(id);
    if (!text.starts_with(shown) && !shown.starts_with(text)) {
      wrong_ = "a stop is taken of a message that reads otherwise than was seen";
    }
    if (shown.size() < text.size()) text = shown;
    settled_.push_back(id);
  }

  bool put_since(const MessageId& id) const {
    for (const Entry* entry : world_.since(asked_.seen)) {
      for (const Event& event : entry->events) {
        const auto* put = std::get_if<MessagePut>(&event);
        if (put && put->message.id == id && put->message.created != entry->at) return true;
      }
    }
    return false;
  }

  bool given_since(const MessageId& id) const {
    for (const Entry* entry : world_.since(asked_.seen)) {
      for (const Event& event : entry->events) {
        const auto* started = std::get_if<RunStarted>(&event);
        if (started && on_path(started->head, id)) return true;
      }
    }
    return false;
  }

  bool on_path(std::optional<MessageId> from, const MessageId& id) const {
    for (; from; from = state_.message(*from)->message.parent) {
      if (*from == id) return true;
    }
    return false;
  }

  const World& world_;
  const ThreadState& state_;
  const Asked& asked_;
  const std::vector<Outcome>& outcomes_;
  Texts texts_;
  Line line_;
  std::vector<MessageId> settled_;
  std::string wrong_;
  std::string nothing_;
};

std::string law_of_start(const RunStarted& started, const Entry& entry, const ThreadState& after) {
  const Run& run = after.run(started.run)->run;
  const std::string name = "run " + started.run.get();
  if (run.context_ts != entry.at || run.head != started.head || !run.head) {
    return name + " is given another path than it says";
  }
  if (after.thread.head != run.head) return name + " starts and does not move the head";
  if (*run.head != question_of(number_of(run.id))) return name + " is not given its input";
  std::optional<MessageId> at = run.head;
  while (at) {
    const MessageState* row = after.living(*at);
    if (!row) return name + " is given a message that is not there";
    if (row->message.status == MessageStatus::open) return name + " is given an open message";
    at = row->message.parent;
  }
  return {};
}

std::string law_of_queue(const ThreadState& state) {
  std::vector<std::uint32_t> waiting;
  std::uint32_t running = 0;
  for (std::uint32_t number = 0; number < state.runs.size(); ++number) {
    const RunStatus status = state.runs[number].run.status;
    if (status == RunStatus::queued) waiting.push_back(number);
    if (status != RunStatus::running) continue;
    ++running;
    if (state.running != number) return "a run is running, and the thread does not know it";
  }
  if (running > 1) return "two runs are running";
  if (state.running.has_value() != (running == 1) || state.thread.running != (running == 1)) {
    return "the thread says that a run is running, and none is";
  }
  if (waiting != state.waiting) return "runs do not wait in the order in which they came";
  if (!waiting.empty() && running == 0) return "a run waits for nothing";
  return {};
}

// A diff from a state that a front may hold to now also applies to every state between, because
// the front may have taken entries since it asked.
std::string law_of_diff(const World& world, std::size_t from) {
  const Screen& now = world.moments.back()->screen;
  const Timestamp since = world.moments[from]->state.now;
  const Past past = world.past(since);
  const Diff difference = diff(world.now(), since, &past);
  for (std::size_t at = from; at < world.moments.size(); ++at) {
    Screen screen = world.moments[at]->screen;
    if (std::string wrong = test::take(screen, difference); !wrong.empty()) return wrong;
    if (screen == now) continue;
    return "a diff does not lead to now: " + test::difference(screen, now);
  }
  return {};
}

}  // namespace

Texts texts_of(const ThreadState& state) {
  Texts texts;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const Message& message = state.messages[number].message;
    texts[message.id] = content_of(message);
  }
  return texts;
}

std::string texts_are(const Texts& expected, const ThreadState& state) {
  for (const auto& [id, text] : expected) {
    const MessageState* row = state.living(id);
    const std::string found = row ? content_of(row->message) : "nothing";
    if (found != text) return "message " + id.get() + " reads `" + found + "`, not `" + text + "`";
  }
  return {};
}

std::string law_of_changes(const World& before, const Asked& asked, World& after) {
  return Judge(before, asked).judge(after);
}

std::string law_of_entry(const ThreadState& before, const Entry& entry, const ThreadState& after,
                         bool interrupting) {
  if (entry.previous != before.now || entry.at <= before.now || after.now != entry.at) {
    return "an entry does not name the one before it";
  }
  std::vector<RunId> waiting;
  for (const std::uint32_t number : before.waiting) waiting.push_back(before.runs[number].run.id);
  std::optional<MessageId> head = before.thread.head;
  for (const Event& event : entry.events) {
    if (const auto* moved = std::get_if<HeadMoved>(&event)) head = moved->head;
    if (const auto* queued = std::get_if<RunQueued>(&event)) waiting.push_back(queued->run);
    if (const auto* ended = std::get_if<RunEnded>(&event)) std::erase(waiting, ended->run);
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      const bool first = !waiting.empty() && waiting.front() == started->run;
      const bool pushed_in = interrupting && waiting.back() == started->run;
      if (!first && !pushed_in) return "a run starts before one that has waited longer";
      std::erase(waiting, started->run);
      if (std::string wrong = law_of_start(*started, entry, after); !wrong.empty()) return wrong;
    }
    const auto* created = std::get_if<MessageCreated>(&event);
    if (created && created->parent == head) head = created->message;
  }
  if (head != after.thread.head) return "a run's message does not move the head it lies behind";
  return {};
}

std::string law_of_world(const World& world) {
  const ThreadState& state = world.now();
  if (std::string wrong = law_of_queue(state); !wrong.empty()) return wrong;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const Message& message = state.messages[number].message;
    if (message.status != MessageStatus::open) continue;
    if (!state.running || state.runs[*state.running].run.id != message.run) {
      return "message " + message.id.get() + " is open, and its run does not run";
    }
  }
  if (std::string wrong = texts_are(world.settled, state); !wrong.empty()) {
    return "what was settled grows back: " + wrong;
  }
  for (std::size_t at = 1; at < world.moments.size(); ++at) {
    if (world.moments[at]->entry.previous != world.moments[at - 1]->state.now) {
      return "an entry does not name the one before it";
    }
  }
  const Screen shown = screen_of(state);
  if (world.moments.back()->screen != shown) {
    return "a front that follows does not hold State(now): " +
           test::difference(world.moments.back()->screen, shown);
  }
  for (std::size_t from = 0; from < world.moments.size(); ++from) {
    if (std::string wrong = law_of_diff(world, from); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace lockstep::explore
