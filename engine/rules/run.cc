// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/run.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/rules/call_gates.h"
#include "engine/rules/call_results.h"
#include "engine/rules/open_calls.h"
#include "engine/rules/resume.h"
#include "engine/rules/title.h"

namespace lockstep {
namespace {

std::vector<Units> whole(const MessageState& row) { return row.lengths; }

// Drops the first tool call whose arguments, as kept, are not a complete JSON object, and all parts
// behind it.
void drop_half_calls(const MessageState& row, std::vector<Units>& keep, const Rules& rules) {
  for (std::size_t part = 0; part < keep.size(); ++part) {
    const auto* call = std::get_if<ToolCallPart>(&row.message.parts[part]);
    if (!call) continue;
    const std::string_view arguments = call->arguments;
    const std::size_t kept = byte_at(arguments, keep[part], row.lengths[part]);
    if (!rules.is_json_object(arguments.substr(0, kept))) {
      keep.resize(part);
      return;
    }
  }
}

bool shortens(const MessageState& row, const std::vector<Units>& keep) {
  return keep.size() < row.lengths.size() ||
         !std::ranges::equal(keep, row.lengths, std::greater_equal<>());
}

CutPlan cut_as_seen(const MessageState& row, std::uint32_t number, const Sight& sight,
                    const Rules& rules) {
  CutPlan cut{number, {}, false, false};
  bool only_results_since = false;
  if (row.whole > sight.at) {
    // Made since: the user saw nothing of it. Replaced since: the text that was seen is gone.
    cut.put_anew = row.whole > row.message.created;
  } else if (sight.past) {
    const MessagePast past = sight.past->of(row);
    cut.keep = past.least;
    only_results_since = row.written <= past.parts;
  } else {
    cut.keep = whole(row);
  }
  for (const Shown& shown : sight.shown) {
    if (shown.message != row.message.id || shown.part >= cut.keep.size()) continue;
    const std::string* text = growing_text(row.message.parts[shown.part]);
    if (!text) continue;
    const Units length = row.lengths[shown.part];
    cut.keep[shown.part] = std::min(cut.keep[shown.part], round_down(*text, shown.length, length));
  }
  const std::size_t seen_parts = cut.keep.size();
  MUST(seen_parts <= row.lengths.size());
  drop_half_calls(row, cut.keep, rules);
  // Example: the run wrote a text and a call, the user saw both, and then the server crashed; the
  // end of the run gave the call the result `interrupted`. A stop that arrives now would only cut
  // that result and give the call another one, or be refused because a later run was given it. So
  // results that the user has not seen stay, unless a part before them goes.
  const bool all_seen_stay = cut.keep.size() == seen_parts &&
                             std::ranges::equal(cut.keep, std::span(row.lengths).first(seen_parts));
  cut.shortens = shortens(row, cut.keep) && !(only_results_since && all_seen_stay);
  return cut;
}

void answer_run_calls(Draft& draft, const RunState& run, std::string_view content) {
  answer(draft, open_calls_of(draft.state(), run), content);
}

// A copy: each event that is said changes the draft's rows.
RunState running(const Draft& draft) {
  MUST(draft.state().running.has_value());
  return draft.state().runs[*draft.state().running];
}

void cut_message(Draft& draft, const CutPlan& cut, MessageStatus status) {
  const Message& message = draft.state().messages[cut.number].message;
  if (cut.shortens) {
    cut_parts(draft, draft.state().messages[cut.number], cut.keep, status);
  } else if (message.status == MessageStatus::open) {
    draft.say(MessageEnded{message.id, status, {}});
  }
}

// The title of a thread until a user sets one.
std::string title_from(const Message& message) {
  for (const Part& part : message.parts) {
    const auto* text = std::get_if<TextPart>(&part);
    if (!text) continue;
    if (std::string title = default_title(text->text); !title.empty()) return title;
  }
  return {};
}

// The first of `cuts` that takes text from this run's context.
const CutPlan* given_more(const ThreadState& state, const Run& run, std::span<const CutPlan> cuts) {
  for (const MessageState* given : state.path(run.head)) {
    const std::uint32_t number = *state.message_numbers.find(given->message.id);
    const auto cut = std::ranges::find_if(
        cuts, [&](const CutPlan& each) { return each.shortens && each.number == number; });
    if (cut != cuts.end()) return &*cut;
  }
  return nullptr;
}

MessageStatus message_status(RunStatus status) {
  switch (status) {
    case RunStatus::completed:
      return MessageStatus::complete;
    case RunStatus::failed:
      return MessageStatus::failed;
    case RunStatus::interrupted:
      return MessageStatus::interrupted;
    default:
      return MessageStatus::stopped;
  }
}

}  // namespace

std::vector<CutPlan> cuts_as_seen(const Draft& draft, const RunState& run, const Sight& sight) {
  std::vector<CutPlan> cuts;
  for (const std::uint32_t number : living_messages(draft.state(), run)) {
    cuts.push_back(cut_as_seen(draft.state().messages[number], number, sight, draft.rules()));
  }
  return cuts;
}

const CutPlan* built_upon(const ThreadState& state, const RunState& run,
                          std::span<const CutPlan> cuts, const Sight& sight) {
  for (const CutPlan& cut : cuts) {
    if (cut.put_anew) return &cut;
  }
  for (std::size_t at = 0; at < state.runs.size(); ++at) {
    const Run& other = state.runs[at].run;
    if (other.id == run.run.id || !other.started || *other.started <= sight.at) continue;
    if (const CutPlan* cut = given_more(state, other, cuts)) return cut;
  }
  return nullptr;
}

void stop_as_seen(Draft& draft, const Sight& sight, RunStatus status) {
  const RunState run = running(draft);
  for (const CutPlan& cut : cuts_as_seen(draft, run, sight)) {
    cut_message(draft, cut, MessageStatus::stopped);
  }
  answer_run_calls(draft, run, stopped_result);
  draft.say(RunEnded{run.run.id, status, {}, {}});
  MUST(!draft.state().running);
}

void roll_back(Draft& draft) {
  const RunState run = running(draft);
  for (const std::uint32_t number : living_messages(draft.state(), run)) {
    draft.say(MessageCut{draft.state().messages[number].message.id, {}, MessageStatus::stopped});
  }
  draft.say(RunEnded{run.run.id, RunStatus::stopped, {}, {}});
  MUST(!draft.state().running);
}

void cut_ended(Draft& draft, const RunState& ended, std::span<const CutPlan> cuts) {
  const RunState run = ended;
  MUST(!is_open(run.run.status));
  for (const CutPlan& cut : cuts) cut_message(draft, cut, MessageStatus::stopped);
  answer_run_calls(draft, run, stopped_result);
}

void end_message(Draft& draft, const MessageState& row, MessageEnded end) {
  const bool whole_answer =
      end.status == MessageStatus::complete && end.finish.reason != length_reason;
  if (!whole_answer) {
    std::vector<Units> keep = whole(row);
    drop_half_calls(row, keep, draft.rules());
    if (shortens(row, keep)) draft.say(MessageCut{end.message, keep, MessageStatus::open});
  }
  draft.say(std::move(end));
}

void end_run(Draft& draft, RunEnded end) {
  const RunState run = running(draft);
  const bool well = end.status == RunStatus::completed;
  for (const std::uint32_t number : living_messages(draft.state(), run)) {
    const MessageState& row = draft.state().messages[number];
    if (row.message.status != MessageStatus::open) continue;
    if (end.finish != Finish()) {
      end_message(draft, row,
                  MessageEnded{row.message.id, message_status(end.status), {}, end.finish});
      continue;
    }
    CutPlan cut{number, whole(row), false, false};
    if (!well) drop_half_calls(row, cut.keep, draft.rules());
    cut.shortens = shortens(row, cut.keep);
    cut_message(draft, cut, message_status(end.status));
  }
  if (!well) answer_run_calls(draft, run, interrupted_result);
  draft.say(std::move(end));
  MUST(!draft.state().running);
  if (well) {
    await_answers(draft, run.run.id);
  } else {
    interrupt_waiting(draft);
  }
}

void put_new(Draft& draft, Message message) {
  message.created = draft.at();
  message.updated = draft.at();
  std::string title;
  if (message.role == Role::user && !draft.state().titled) title = title_from(message);
  draft.say(MessagePut{std::move(message)});
  if (!title.empty()) draft.say(ThreadUpdated{std::move(title), {}, {}});
}

void move_head(Draft& draft, const std::optional<MessageId>& head) {
  const std::optional<MessageId> from = draft.state().thread.head;
  if (head != from) draft.say(HeadMoved{head, from});
}

void interrupt_waiting(Draft& draft) {
  while (!draft.state().waiting.empty()) {
    const std::uint32_t number = draft.state().waiting.front();
    draft.say(RunEnded{draft.state().runs[number].run.id, RunStatus::interrupted, {}, {}});
  }
}

Decision interrupt(const ThreadState& state, const RunError& why, Timestamp at,
                   const Rules& rules) {
  Draft draft(state, at, rules);
  if (draft.state().running) {
    const RunId run = draft.state().runs[*draft.state().running].run.id;
    end_run(draft, RunEnded{run, RunStatus::interrupted, why, {}});
  }
  interrupt_waiting(draft);
  MUST(!draft.state().running && draft.state().waiting.empty());
  return draft.take();
}

}  // namespace lockstep
