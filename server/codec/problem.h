// SPDX-License-Identifier: Apache-2.0
// problem.h: the answer to a request that the server refuses.
//
// A problem is an HTTP status, a stable snake-case code, a sentence for a person and, if a field of
// the request is at fault, its path (`changes[0].message.parts[1].text`). The server sends it as
// `application/problem+json`, or as a `failure` frame once a stream is open. It always means that
// the server did nothing. `problem_codes` is the one list of the front's own codes. An engine code
// that the list has too gets the status of the list, any other the status of its kind.
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
  Code code;
  unsigned status;
  std::string_view title;
};

// `nullopt` if the code is not in the list.
[[nodiscard]] std::optional<ProblemCode> find_problem(std::string_view code);

// With the status that the list gives the code. Requires: the list has the code.
[[nodiscard]] Problem make_problem(Code code, std::string detail, std::string path = {});
[[nodiscard]] Problem problem_of(const Error& error);
// A refused batch of steps, with the members `expected`, or the state of the run.
[[nodiscard]] Problem problem_of(const StepRefusal& refusal, Epoch epoch);

// Can the same request succeed later?
[[nodiscard]] bool may_retry(const Problem& problem);

void append_problem(std::string& out, const Problem& problem);
// `{"frame":"failure",…}`.
void append_failure(std::string& out, const Problem& problem);

}  // namespace lockstep
