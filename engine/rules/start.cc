// SPDX-License-Identifier: Apache-2.0
// start.cc: where a run's first message goes, and what happens when its turn comes (run.h).
#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/rules/call_check.h"
#include "engine/rules/digest.h"
#include "engine/rules/open_calls.h"
#include "engine/rules/resume.h"
#include "engine/rules/run.h"

namespace lockstep {

std::optional<MessageId> resolve(const ThreadState& state, const Place& place) {
  std::optional<MessageId> anchor = state.nearest_living(place.message);
  if (place.kind == Place::Kind::parent) return anchor;
  const std::optional<MessageId>& head = state.thread.head;
  return head && state.lies_below(*head, anchor) ? head : anchor;
}

const char* no_room(const Draft& draft, const StartRun& start) {
  const ThreadState& state = draft.state();
  if (state.running || !state.waiting.empty()) {
    const bool full = state.waiting.size() >= limits::queued_runs_max;
    return full ? "too many runs wait in this thread: try again when one has ended" : nullptr;
  }
  if (draft.before().running || draft.rules().room_for_run) return nullptr;
  const Agents& agents = draft.rules().agents;
  const auto settings = agents.settings(start.agent, start.params);
  if (settings && agents.outlives(start.agent, settings->bytes)) return nullptr;
  return "this user's running runs hold their share of memory: try again when one has ended";
}

void start(Draft& draft, std::uint32_t number) {
  MUST(!draft.state().running);
  const Run run = draft.state().runs[number].run;
  const auto settings = draft.rules().agents.settings(run.agent, run.params);
  std::optional<MessageId> head = resolve(draft.state(), run.place);
  if (!settings) {
    // The agent existed when the run was queued. The run fails at once, so that the queue goes on.
    RunError error{codes::unknown_agent, "agent " + run.agent.get() + " was removed: use another"};
    draft.say(RunEnded{run.id, RunStatus::failed, std::move(error), {}});
    return;
  }
  if (auto why = draft.rules().agents.refusal(run.agent, run.params)) {
    // The agent took these parameters when the run was queued.
    draft.say(RunEnded{run.id, RunStatus::failed, RunError{codes::invalid, *std::move(why)}, {}});
    return;
  }
  if (!head && run.input.empty()) {
    // Deletions have left nothing to answer. The user may send it again elsewhere.
    draft.say(RunEnded{run.id, RunStatus::superseded, {}, {}});
    return;
  }
  WalkLeft left;
  if (Verdict fit = calls_take_input(draft.state(), head, {run.input, run.queued}, left); !fit) {
    // The calls were open when the run was queued. Since then another result came, or a person has
    // refused, or they were cut away, gated or put again. The user keeps the input.
    RunError error{std::move(fit.error().code),
                   fit.error().detail +
                       ". That changed while this turn waited: send it again, without the result"};
    draft.say(RunEnded{run.id, RunStatus::failed, std::move(error), {}});
    return;
  }
  for (const MessageInput& input : run.input) {
    Message message;
    message.id = input.id;
    message.parent = head;
    message.role = input.role;
    message.author = input.author;
    message.parts = input.parts;
    message.metadata = input.metadata;
    put_new(draft, std::move(message));
    head = input.id;
  }
  // Models refuse a history with open calls.
  answer_missing(draft, open_calls_to(draft.state(), head));
  move_head(draft, head);
  move_on(draft, *head);
  draft.say(RunStarted{run.id, 1, head, settings->model, sha256(settings->bytes)});
  draft.decision().settings.push_back(*settings);
}

void start_next(Draft& draft) {
  while (!draft.state().running && !draft.state().waiting.empty()) {
    start(draft, draft.state().waiting.front());
  }
}

}  // namespace lockstep
