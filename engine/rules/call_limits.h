// SPDX-License-Identifier: Apache-2.0
// call_limits.h: the bounds of what stands beside tool calls (calls.h).
//
// People decide about calls, and runs wait for answers. What they leave is stored with the thread
// and read with each of its changes, so each list and text has an end.
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::limits {

// A person's reason for a decision: a paragraph, because the model is given it.
inline constexpr std::size_t call_reason_bytes_max = 4096;
// Names of tools that a user always allows in one thread: more than a model is offered.
inline constexpr std::size_t approved_tools_max = 128;
// Runs of one thread that wait for answers at once: the oldest gives up for a new one. A user has
// few branches in mind at a time, and each change of the thread looks at all of them.
inline constexpr std::size_t awaiting_runs_max = 16;
// How long a run waits for answers, if its agent says nothing: a week, so that a weekend passes.
inline constexpr std::chrono::hours answer_time_default{7 * 24};
// The longest that an operator may set.
inline constexpr std::chrono::hours answer_time_max{365 * 24};

}  // namespace lockstep::limits
