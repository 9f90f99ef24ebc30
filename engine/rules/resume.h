// SPDX-License-Identifier: Apache-2.0
// resume.h: runs that go on when their calls are answered.
//
// A run that was started with `resume` and ends completed with open calls waits for answers. The
// change that brings the last one also starts the next run, in the same entry:
//
//   asked ──end with open calls──> waiting ──last answer──> resumed (by the run `next`)
//                                     └──────────────────> given_up
//                                        moved_on    another run has started on its path
//                                        head_left   the head has left its answer
//                                        expired     the answers came too late
//                                        stopped     a front has stopped it
//                                        too_many    too many runs of the thread wait
//                                        no_agent    its agent is gone, or refuses its parameters
//                                        taken       the id of the next run is in use
//
// The next run's id is the former's with a dot and a number behind it, so a client that knows the
// first run can follow. A call that a person has denied counts as answered. Time passes only
// when something happens: `expired` is noted by the first change behind it, and fronts read
// `until`.
#pragma once

#include <string_view>

#include "engine/rules/draft.h"

namespace lockstep {

namespace resume_ends {
inline constexpr std::string_view moved_on = "moved_on";
inline constexpr std::string_view head_left = "head_left";
inline constexpr std::string_view expired = "expired";
inline constexpr std::string_view stopped = "stopped";
inline constexpr std::string_view too_many = "too_many";
inline constexpr std::string_view no_agent = "no_agent";
inline constexpr std::string_view taken = "taken";
}  // namespace resume_ends

// The run has ended completed: it waits, if it asked for that and has open calls.
void await_answers(Draft& draft, const RunId& run);
// A run starts at this head: what waits on the path to it is over.
void move_on(Draft& draft, const MessageId& head);
// A front wants no more of it. Does nothing if it does not wait.
void stop_awaiting(Draft& draft, const RunId& run);
// After the changes of a request: resumes what has all its answers, and gives up what can't go on.
void settle_awaiting(Draft& draft);

// The id of the run that goes on behind this one.
[[nodiscard]] RunId next_run_id(const RunId& run);

}  // namespace lockstep
