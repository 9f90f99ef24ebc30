// SPDX-License-Identifier: Apache-2.0
// judge_calls.cc: checks answers, decisions, and runs that wait for them.
//
// The oracle says whether each one counts, and the law of calls (tests/laws/calls_law.h) reads the
// entries alone. Here is also what a device was promised: of two answers to one question it may not
// have been told twice that it was the first.
#include <algorithm>

#include "engine/rules/fold.h"
#include "tests/sim/judge.h"

namespace lockstep::sim {
namespace {

// Is the text of the message, or what it calls, another since then?
bool changed_since(const test::ThreadTruth& truth, const MessageId& id, Timestamp since) {
  for (auto entry = truth.entries().rbegin();
       entry != truth.entries().rend() && (*entry)->at >= since; ++entry) {
    for (const Event& event : (*entry)->events) {
      const auto* put = std::get_if<MessagePut>(&event);
      const auto* cut = std::get_if<MessageCut>(&event);
      if ((put && put->message.id == id) || (cut && cut->message == id)) return true;
    }
  }
  return false;
}

bool calls_once(const Message& message, const std::string& id) {
  return std::ranges::count_if(message.parts, [&](const Part& part) {
           const auto* call = std::get_if<ToolCallPart>(&part);
           return call && call->id == id;
         }) == 1;
}

bool lies_below(const Screen& screen, const Message& message, const MessageId& above) {
  for (auto at = message.parent; at;) {
    if (at == above) return true;
    const Message* parent = screen.message(*at);
    at = parent ? parent->parent : std::nullopt;
  }
  return false;
}

std::string word_of(const Outcome& outcome) { return outcome.applied ? "applied" : outcome.code; }

}  // namespace

std::string Judge::judge_calls(JudgedThread& judged, const Entry& entry) {
  if (std::string why = unfoldable(judged.state, entry); !why.empty()) return why;
  std::string wrong = judged.calls.look(judged.state, entry, judged.oracle.now());
  if (!wrong.empty()) return wrong;
  fold(judged.state, entry);
  for (const Event& event : entry.events) {
    if (const auto* noted = std::get_if<ResumeNoted>(&event)) count_resume(judged, *noted);
  }
  return {};
}

bool Judge::is_settled_alone(const Entry& entry) {
  const Event& first = entry.events.front();
  return std::holds_alternative<ResumeNoted>(first) || std::holds_alternative<RunQueued>(first);
}

// Of several requests like that, any: none of their changes counts.
std::string Judge::judge_settled(const test::ThreadTruth& truth, JudgedThread& judged,
                                 const Entry& entry) {
  for (const auto& asked : judged.asked) {
    const ChangeRequest& changes = asked->request.changes;
    const test::DeviceName device{changes.user, changes.device.value_or(DeviceId())};
    const std::vector<Ack> memory = truth.memory(device, entry.previous);
    const bool known = std::ranges::all_of(changes.changes, [&](const Change& change) {
      return !memory.empty() &&
             (truth.ack(device, *change.op) != nullptr || *change.op < *memory.front().outcome.op);
    });
    if (!known || !asked->answers.empty() || asked->answered) continue;
    asked->answers = judged.oracle.take(changes, entry.at.get());
    ++counts_["settled by a request without new changes"];
    return {};
  }
  return "it settles what waits, and nobody asked for anything";
}

void Judge::count_resume(const JudgedThread& judged, const ResumeNoted& event) {
  const Resume& resume = event.resume;
  if (resume.status == ResumeStatus::waiting) ++counts_["run waits for answers"];
  if (resume.status == ResumeStatus::given_up) ++counts_["waiting given up: " + resume.why];
  if (resume.status != ResumeStatus::resumed) return;
  const RunState* next = judged.state.run(*resume.next);
  const bool at_once = next && next->run.status != RunStatus::queued;
  ++counts_[at_once ? "run resumed at once" : "run resumed behind others"];
  if (next && next->run.id.get().ends_with(".3")) ++counts_["run resumed a second time"];
}

void Judge::check_call_change(const Asked& asked, const Change& change, const Outcome& outcome) {
  const ThreadName& thread = asked.request.thread;
  const auto* answer = std::get_if<AnswerCall>(&change.what);
  const auto* decide = std::get_if<DecideCall>(&change.what);
  if (!answer && !decide) return;
  ++counts_[(answer ? "answer " : "decision ") + word_of(outcome)];
  if (outcome.duplicate) ++counts_[answer ? "answer sent again" : "decision sent again"];
  const test::ThreadTruth& truth = records.thread(thread);
  if (!outcome.applied || outcome.duplicate || !truth.entry(outcome.at)) return;
  const Screen& screen = truth.screen(outcome.at);
  if (answer) {
    const Message* result = screen.message(answer->id);
    if (result && (result->role != Role::tool || !lies_below(screen, *result, answer->message))) {
      records.found("answer " + answer->id.get() + " does not stand behind its call");
    }
    return;
  }
  const Message* message = screen.message(decide->message);
  if (!message || decide->decision == CallStatus::running) return;
  if (!calls_once(*message, decide->call)) return;
  Decided& first = judged(thread).decided[{decide->message, decide->call}];
  if (first.at != Timestamp() && !changed_since(truth, decide->message, first.at)) {
    records.found("call " + decide->call + " of " + decide->message.get() + " is decided by " +
                  first.by + " and by " + asked.request.changes.device->get());
  }
  first = {outcome.at, asked.request.changes.device->get()};
}

}  // namespace lockstep::sim
