// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/attempt.h"

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rules/digest.h"
#include "engine/rules/draft.h"
#include "engine/rules/step_refusal.h"

namespace lockstep {
namespace {

// Has the run shown anything of an answer? A message that was deleted was shown, too.
bool has_written(const RunState& row) { return !row.messages.empty(); }

}  // namespace

std::expected<Decision, StepRefusal> decide(const ThreadState& state, const AttemptRequest& request,
                                            Timestamp at, const Rules& rules) {
  const RunState* row = state.run(request.run);
  if (!row) return refuse_steps(codes::unknown_run, "there is no run " + request.run.get());
  const Run& run = row->run;
  if (run.status == RunStatus::queued) {
    return refuse_steps(codes::not_started, "the run has not started yet");
  }
  if (run.ended) return refuse_ended(*row);
  if (request.former != run.attempt) return refuse_fenced(*row);
  MUST(run.settings.has_value());
  AttemptStarted started{.run = run.id,
                         .attempt = run.attempt + 1,
                         .agent = run.agent,
                         .model = run.model,
                         .settings = *run.settings,
                         .claim = request.claim,
                         .error = request.error};
  Draft draft(state, at, rules);
  if (request.agent && *request.agent != run.agent) {
    if (has_written(*row)) {
      return refuse_steps(codes::invalid,
                          "the run has shown something: its own agent must end the answer");
    }
    const auto settings = rules.agents.settings(*request.agent, run.params);
    if (!settings) {
      return refuse_steps(codes::unknown_agent, "there is no agent " + request.agent->get());
    }
    if (auto why = rules.agents.refusal(*request.agent, run.params)) {
      return refuse_steps(codes::invalid, *std::move(why));
    }
    started.agent = *request.agent;
    started.model = settings->model;
    started.settings = sha256(settings->bytes);
    draft.decision().settings.push_back(*settings);
  }
  draft.say(std::move(started));
  return draft.take();
}

}  // namespace lockstep
