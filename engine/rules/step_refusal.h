// SPDX-License-Identifier: Apache-2.0
// step_refusal.h: makes the refusals of batches and of attempts.
//
// A writer of a run that has lost it must stop, and its refusal tells why and what not to do. The
// rules of steps (steps.cc) and of attempts (attempt.h) refuse in the same words.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep {

[[nodiscard]] inline std::unexpected<StepRefusal> refuse_steps(Code code, std::string detail) {
  StepRefusal refusal;
  refusal.code = code;
  refusal.detail = std::move(detail);
  return std::unexpected(std::move(refusal));
}

// The run is over: its writer learns how, and which calls it must not run.
[[nodiscard]] inline std::unexpected<StepRefusal> refuse_ended(const RunState& row) {
  StepRefusal refusal;
  refusal.code = codes::ended;
  refusal.detail = "the run has ended";
  refusal.status = row.run.status;
  refusal.seq = row.seq;
  refusal.at = row.run.ended.value_or(Timestamp());
  refusal.cut_calls = row.cut_calls;
  return std::unexpected(std::move(refusal));
}

[[nodiscard]] inline std::unexpected<StepRefusal> refuse_fenced(const RunState& row) {
  return refuse_steps(codes::fenced, "the run's attempt is " + std::to_string(row.run.attempt));
}

}  // namespace lockstep
