// SPDX-License-Identifier: Apache-2.0
// problem.h: how a request is refused.
//
// A problem is an HTTP status, a stable snake-case code, a sentence for a person and, if a field of
// the request is at fault, its path (`changes[0].message.parts[1].text`). It travels as
// `application/problem+json`, or as a `failure` frame once a stream is open. It always means that
// nothing was done. `problem_codes` is the one list of the codes that the front itself gives; codes
// of the engine pass through with the status of their kind.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/live/sync.h"

namespace lockstep {

struct Problem {
  unsigned status = 422;
  std::string code;
  std::string detail;
  std::string path;     // of the field at fault; empty if none
  std::string members;  // more members, as JSON, with a comma before each; empty if none

  friend bool operator==(const Problem&, const Problem&) = default;
};

struct ProblemCode {
  std::string_view code;
  unsigned status;
  std::string_view title;
};

// Nothing if the code is not in the list.
[[nodiscard]] std::optional<ProblemCode> find_problem(std::string_view code);

// With the status that the list gives the code.
[[nodiscard]] Problem make_problem(std::string_view code, std::string detail,
                                   std::string path = {});
[[nodiscard]] Problem problem_of(const Error& error);
// The members of a refused batch of steps: `expected`, or how the run stands.
[[nodiscard]] Problem problem_of(const StepRefusal& refusal, Epoch epoch);

// May the same request be right later?
[[nodiscard]] bool may_retry(const Problem& problem);

void append_problem(std::string& out, const Problem& problem);
// `{"frame":"failure",…}`.
void append_failure(std::string& out, const Problem& problem);

}  // namespace lockstep
