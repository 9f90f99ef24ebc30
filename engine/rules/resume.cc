// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/resume.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/rules/call_limits.h"
#include "engine/rules/call_results.h"
#include "engine/rules/digest.h"
#include "engine/rules/open_calls.h"

namespace lockstep {
namespace {

void give_up(Draft& draft, std::uint32_t number, std::string_view why) {
  const Run& run = draft.state().runs[number].run;
  draft.say(ResumeNoted{run.id, Resume{.status = ResumeStatus::given_up, .why = std::string(why)}});
}

// Does the message stand on the path to `head`?
bool leads_to(const ThreadState& state, const MessageId& message,
              const std::optional<MessageId>& head) {
  return head && (*head == message || state.lies_below(*head, message));
}

// The path from the run's first living message to the head. Requires: they stand on it.
std::vector<const Message*> path_from(const ThreadState& state, const MessageId& first) {
  std::vector<const Message*> path;
  std::optional<MessageId> next = state.thread.head;
  while (next) {
    const Message& message = state.message(*next)->message;
    path.push_back(&message);
    if (message.id == first) break;
    next = message.parent;
  }
  std::ranges::reverse(path);
  return path;
}

bool is_answered(const Message& message, const CallResult& call) {
  if (call.result && !call.made) return true;
  const CallNote* note = note_of(message, call.call.part);
  return note && note->status == CallStatus::denied;
}

struct Answers {
  std::size_t calls = 0;  // of the run
  std::size_t open = 0;
};

Answers answers_of(const ThreadState& state, const RunId& run, const MessageId& first) {
  const std::vector<const Message*> path = path_from(state, first);
  Answers answers;
  for (const CallResult& call : match_results(path).calls) {
    const Message& message = *path[call.call.message];
    if (message.run != run) continue;
    ++answers.calls;
    if (!is_answered(message, call)) ++answers.open;
  }
  return answers;
}

void resume(Draft& draft, std::uint32_t number) {
  const Run run = draft.state().runs[number].run;
  const Agents& agents = draft.rules().agents;
  const bool has_agent =
      agents.settings(run.agent, run.params) && !agents.refusal(run.agent, run.params);
  if (!has_agent) return give_up(draft, number, resume_ends::no_agent);
  const RunId next = next_run_id(run.id);
  if (draft.state().run(next)) return give_up(draft, number, resume_ends::taken);
  const bool full = draft.state().waiting.size() >= limits::queued_runs_max ||
                    (!draft.state().running && !draft.rules().room_for_run);
  if (full) return give_up(draft, number, resume_ends::too_many);
  draft.say(RunQueued{.run = next,
                      .agent = run.agent,
                      .input = {},
                      .place = {Place::Kind::after, draft.state().thread.head},
                      .params = run.params,
                      .resumes = true});
  draft.say(ResumeNoted{run.id, Resume{.status = ResumeStatus::resumed, .next = next}});
}

void settle(Draft& draft, std::uint32_t number) {
  const ThreadState& state = draft.state();
  const RunState& row = state.runs[number];
  const std::vector<std::uint32_t> messages = living_messages(state, row);
  const bool on_path =
      !messages.empty() &&
      leads_to(state, state.messages[messages.back()].message.id, state.thread.head);
  if (!on_path) return give_up(draft, number, resume_ends::head_left);
  if (draft.at() > row.run.resume->until) return give_up(draft, number, resume_ends::expired);
  const MessageId& first = state.messages[messages.front()].message.id;
  const Answers answers = answers_of(state, row.run.id, first);
  // Somebody has edited the calls away: there is nothing to go on with.
  if (answers.calls == 0) return give_up(draft, number, resume_ends::head_left);
  if (answers.open == 0) resume(draft, number);
}

// Has the run ended with calls that somebody else has answered or denied while it was writing? A
// run that went on behind its last call did not leave it to anybody.
bool answered_meanwhile(const ThreadState& state, const RunState& row) {
  const std::vector<std::uint32_t> messages = living_messages(state, row);
  if (messages.empty()) return false;
  const Parts& parts = state.messages[messages.back()].message.parts;
  const Part* last = nullptr;
  for (const Part& part : parts) {
    if (!std::holds_alternative<ToolResultPart>(part)) last = &part;
  }
  if (last == nullptr || !std::holds_alternative<ToolCallPart>(*last)) return false;
  const MessageId& first = state.messages[messages.front()].message.id;
  if (!leads_to(state, state.messages[messages.back()].message.id, state.thread.head)) return false;
  const std::vector<const Message*> path = path_from(state, first);
  const std::vector<CallResult> calls = match_results(path).calls;
  return std::ranges::any_of(calls, [&](const CallResult& call) {
    const Message& asked = *path[call.call.message];
    if (asked.run != row.run.id) return false;
    const CallNote* note = note_of(asked, call.call.part);
    if (note && note->status == CallStatus::denied) return true;
    return call.result && !call.made && path[call.result->message]->run != row.run.id;
  });
}

}  // namespace

void await_answers(Draft& draft, const RunId& id) {
  const RunState& row = *draft.state().run(id);
  if (!row.run.resume || row.run.resume->status != ResumeStatus::asked) return;
  if (open_calls_of(draft.state(), row).empty() && !answered_meanwhile(draft.state(), row)) return;
  const auto time =
      static_cast<std::uint64_t>(draft.rules().agents.answer_time(row.run.agent).count());
  draft.say(ResumeNoted{
      id, Resume{.status = ResumeStatus::waiting, .until = Timestamp(draft.at().get() + time)}});
  if (draft.state().awaiting.size() > limits::awaiting_runs_max) {
    give_up(draft, draft.state().awaiting.front(), resume_ends::too_many);
  }
  // The answers may be there already.
  settle(draft, *draft.state().run_numbers.find(id));
}

void move_on(Draft& draft, const MessageId& head) {
  const std::vector<std::uint32_t> awaiting = draft.state().awaiting;
  for (const std::uint32_t number : awaiting) {
    const std::vector<std::uint32_t> messages =
        living_messages(draft.state(), draft.state().runs[number]);
    const bool passed =
        messages.empty() ||
        leads_to(draft.state(), draft.state().messages[messages.back()].message.id, head);
    if (passed) give_up(draft, number, resume_ends::moved_on);
  }
}

void stop_awaiting(Draft& draft, const RunId& run) {
  const std::uint32_t number = *draft.state().run_numbers.find(run);
  const std::vector<std::uint32_t>& awaiting = draft.state().awaiting;
  if (std::ranges::find(awaiting, number) == awaiting.end()) return;
  give_up(draft, number, resume_ends::stopped);
}

void settle_awaiting(Draft& draft) {
  const std::vector<std::uint32_t> awaiting = draft.state().awaiting;
  for (const std::uint32_t number : awaiting) settle(draft, number);
}

RunId next_run_id(const RunId& run) {
  const std::string& text = run.get();
  const std::size_t dot = text.rfind('.');
  std::uint32_t count = 1;
  std::string_view stem = text;
  if (dot != std::string::npos && dot + 1 < text.size()) {
    const char* end = text.data() + text.size();
    std::uint32_t read = 0;
    const auto [rest, error] = std::from_chars(text.data() + dot + 1, end, read);
    if (error == std::errc() && rest == end && read >= 2 && text[dot + 1] != '0') {
      count = read;
      stem = stem.substr(0, dot);
    }
  }
  const std::string tail = "." + std::to_string(std::uint64_t{count} + 1);
  if (stem.size() + tail.size() <= limits::id_bytes_max) return RunId(std::string(stem) + tail);
  // No room behind a long id: a hash of it has the same use.
  return RunId(to_hex(sha256(text + tail)));
}

}  // namespace lockstep
