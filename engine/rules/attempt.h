// SPDX-License-Identifier: Apache-2.0
// attempt.h: raises the attempt of a running run, so that another writer takes it over.
//
// A run has one writer at a time. Its attempt is the fencing token: a batch of an earlier attempt
// is refused, whatever its writer believes. Two things raise it. A worker claims the run: it goes
// on behind what the former attempt wrote, or takes that back by `CutMessage`. Or another agent
// takes over because the first one failed: only while the run has shown nothing, because two models
// must not write one answer.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "engine/rules/decide.h"

namespace lockstep {

struct AttemptRequest {
  RunId run;
  // The attempt that it replaces: refused as `fenced` if another one has replaced it.
  std::uint32_t former = 1;
  std::optional<AgentName> agent{};  // another agent takes over; nothing: the run keeps its agent
  std::string claim{};               // AttemptStarted::claim
  std::optional<RunError> error{};   // why the former attempt was given up
};

// Refused: unknown_run, not_started, ended, fenced, unknown_agent, invalid.
[[nodiscard]] std::expected<Decision, StepRefusal> decide(const ThreadState& state,
                                                          const AttemptRequest& request,
                                                          Timestamp at, const Rules& rules);

}  // namespace lockstep
