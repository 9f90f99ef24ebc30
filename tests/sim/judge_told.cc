// SPDX-License-Identifier: Apache-2.0
// judge_told.cc: checks the answers to fronts, and their screens.
#include <algorithm>

#include "engine/rules/digest.h"
#include "tests/laws/front.h"
#include "tests/laws/size_law.h"
#include "tests/sim/judge.h"

namespace lockstep::sim {
namespace {

std::string status_of(const Outcome& outcome) { return outcome.applied ? "applied" : outcome.code; }

template <class Range, class Value, class Field>
bool has(const Range& range, const Value& value, Field field) {
  return std::ranges::find(range, value, field) != range.end();
}

// A part of a screen.
template <class Messages, class Runs>
Screen only(const Screen& screen, Messages messages, Runs runs) {
  Screen part = screen;
  std::erase_if(part.messages, [&](const Message& message) { return !messages(message.id); });
  std::erase_if(part.runs, [&](const Run& run) { return !runs(run.id); });
  return part;
}

// The rows of the truth that the screen holds.
Screen held_of(const Screen& truth, const Screen& screen) {
  return only(
      truth, [&](const MessageId& id) { return screen.message(id) != nullptr; },
      [&](const RunId& id) { return has(screen.runs, id, &Run::id); });
}

// A front that holds a part keeps messages in the order in which they came: compare them by id.
Screen by_id(Screen screen) {
  std::ranges::sort(screen.messages, {}, &Message::id);
  std::ranges::sort(screen.runs, {}, &Run::id);
  return screen;
}

}  // namespace

void Judge::forget(const Asked& asked) {
  std::erase_if(judged(asked.request.thread).asked,
                [&](const auto& one) { return one.get() == &asked; });
}

void Judge::refuses(Asked& asked) {
  look();
  asked.answered = true;
  forget(asked);
}

void Judge::process_died() {
  look();
  for (auto& [id, thread] : judged_) thread.asked.clear();
}

void Judge::replies(Asked& asked, const SyncReply& reply) {
  look();
  asked.answered = true;
  forget(asked);
  const ThreadName& thread = asked.request.thread;
  // The first event makes a thread. Before it, the server does not remember refusals.
  if (reply.cursor.at == Timestamp()) return;
  test::ThreadTruth& known = records.thread(thread);
  if (!known.entry(reply.cursor.at)) {
    return records.found("a reply shows an entry that is not durable");
  }
  known.shown = std::max(known.shown, reply.cursor.at);
  const Timestamp from = reply.reset                    ? Timestamp()
                         : asked.request.changes.cursor ? asked.request.changes.cursor->at
                                                        : Timestamp();
  asked.request.window ? check_window(known, from, asked, reply) : check_diff(known, from, reply);
  if (reply.reset) {
    ++counts_["reset: " + reply.reset->reason];
    const std::size_t known_ops = reply.outcomes.size();
    if (known_ops > asked.request.changes.changes.size()) records.found("too many outcomes");
    return;
  }
  check_outcomes(asked, reply);
}

// Checks that the diff, applied once or twice, leads from the front's state to the reply's, and
// that its size follows the size of the change.
void Judge::check_diff(const test::ThreadTruth& known, Timestamp from, const SyncReply& reply) {
  const Screen& before = known.screen(from);
  const Screen& after = known.screen(reply.cursor.at);
  Screen screen = before;
  for (int times = reply.reset ? 1 : 2; times > 0; --times) {
    std::string wrong = test::take(screen, reply.diff);
    if (wrong.empty()) wrong = test::difference(screen, after);
    if (!wrong.empty()) return records.found("a diff leads to something else: " + wrong);
  }
  const std::string large = test::check_size(
      before, after, reply.diff, [&](const MessageId& id) { return known.put_since(id, from); });
  if (!large.empty()) records.found(large);
}

// Checks that a front that holds the whole earlier state gets the changes to that state and the
// window's messages, no less and no more.
void Judge::check_window(const test::ThreadTruth& known, Timestamp from, const Asked& asked,
                         const SyncReply& reply) {
  const Screen& after = known.screen(reply.cursor.at);
  Screen screen = known.screen(from);
  std::string wrong = test::take(screen, reply.diff, test::Holds::a_part);
  auto path = test::path_of(after, after.thread->head).value_or(std::vector<Message>());
  const std::size_t shown = std::min<std::size_t>(*asked.request.window, path.size());
  const bool older = shown < path.size();
  std::optional<Hash> edge;
  for (std::size_t above = 0; older && above < path.size() - shown; ++above) {
    edge = digest(path[above], edge);
  }
  path.erase(path.begin(), path.end() - static_cast<std::ptrdiff_t>(shown));
  const auto in_window = [&](const MessageId& id) { return has(path, id, &Message::id); };
  const auto told_of = [&](const RunId& id) {
    const Run& run = *std::ranges::find(after.runs, id, &Run::id);
    return from != Timestamp() || run.status == RunStatus::queued ||
           run.status == RunStatus::running || has(path, id, &Message::run) ||
           (run.resume && run.resume->status == ResumeStatus::waiting);
  };
  const Screen expected = only(
      after,
      [&](const MessageId& id) { return after.message(id)->created <= from || in_window(id); },
      told_of);
  if (wrong.empty()) wrong = test::difference(screen, expected);
  if (wrong.empty() && reply.older != older) wrong = "`older`";
  if (wrong.empty() && reply.edge_digest != edge) wrong = "the digest at its edge";
  if (!wrong.empty()) records.found("a window leads to something else: " + wrong);
  ++counts_[older ? "window with older messages" : "window of all"];
}

void Judge::check_outcomes(const Asked& asked, const SyncReply& reply) {
  const auto& changes = asked.request.changes.changes;
  if (reply.outcomes.size() != changes.size()) return records.found("another number of outcomes");
  const test::DeviceName device{asked.request.changes.user,
                                asked.request.changes.device.value_or(DeviceId())};
  for (std::size_t at = 0; at < changes.size(); ++at) {
    const Outcome& outcome = reply.outcomes[at];
    const std::string name = "op " + std::to_string(changes[at].op->get()) + " of " +
                             device.second.get() + " on " + to_string(asked.request.thread);
    ++counts_["outcome " + status_of(outcome)];
    check_call_change(asked, changes[at], outcome);
    if (!asked.answers.empty()) {
      const oracle::Answer& expected = asked.answers[at];
      if (outcome.applied != expected.applied || outcome.code != expected.code ||
          outcome.duplicate != expected.duplicate ||
          (!expected.run.empty() && (!outcome.run || outcome.run->get() != expected.run))) {
        return records.found(name + " is answered " + status_of(outcome) + ", not " +
                             (expected.applied ? "applied" : expected.code));
      }
    }
    const Ack* ack = records.thread(asked.request.thread).ack(device, *changes[at].op);
    if (ack && ack->content == changes[at].content) {
      Outcome same = ack->outcome;
      same.duplicate = outcome.duplicate;
      if (same != outcome && outcome.code != "op_too_old") {
        return records.found(name + " is answered otherwise than the log has it");
      }
      if (outcome.duplicate) ++counts_["op answered again"];
    } else if (outcome.applied && outcome.at != Timestamp()) {
      return records.found(name + " is answered before it is durable");
    }
  }
  promise(asked, reply);
}

const test::ThreadTruth* Judge::truth(const ThreadName& thread, Epoch epoch) const {
  const auto lost = lost_.find(epoch);
  const auto& threads = lost == lost_.end() ? records.threads : lost->second;
  const auto known = threads.find(thread);
  return known == threads.end() ? nullptr : &known->second;
}

void Judge::check_screen(const ThreadName& thread, const Cursor& cursor, const Screen& screen,
                         const std::string& who, test::Holds holds) {
  const test::ThreadTruth* known = truth(thread, cursor.epoch);
  if (!known) return records.found(who + " shows a thread that never was");
  const Screen& then = known->screen(cursor.at);
  const std::string wrong = holds == test::Holds::all
                                ? test::difference(screen, then)
                                : test::difference(by_id(screen), by_id(held_of(then, screen)));
  if (!wrong.empty()) {
    records.found(who + " shows something else at " + std::to_string(cursor.at.get()) + ": " +
                  wrong);
  }
}

}  // namespace lockstep::sim
