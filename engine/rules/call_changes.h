// SPDX-License-Identifier: Apache-2.0
// call_changes.h: a person or a front answers a tool call, or decides whether it may be made.
//
// Results come by three roads: `answer_call`, a put message, and the input of a run. One rule holds
// for all of them (call_check.h). A decision counts once: the first one wins, and the second is
// told. What counts is the call that the person saw: one that anybody has changed since, its writer
// too, is refused as `changed`. `denied` gives the call a made result at once, which tells the
// model the reason.
#pragma once

#include "engine/rules/call_check.h"
#include "engine/rules/draft.h"
#include "engine/rules/past.h"
#include "engine/rules/verdict.h"

namespace lockstep {

// Requires: no message has the id `change.id`. `past`: what has changed since `seen`.
[[nodiscard]] Verdict answer_call(Draft& draft, const AnswerCall& change, const Past& past,
                                  WalkLeft& left);
[[nodiscard]] Verdict decide_call(Draft& draft, const DecideCall& change, const Past& past,
                                  WalkLeft& left);

}  // namespace lockstep
