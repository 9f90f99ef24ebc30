// SPDX-License-Identifier: Apache-2.0
#include "server/codec/problem.h"

#include <algorithm>
#include <array>

#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

constexpr std::array problem_codes{
    ProblemCode{codes::malformed, 400, "The request can't be read"},
    ProblemCode{codes::invalid_utf8, 400, "The text is not valid UTF-8"},
    ProblemCode{codes::lone_surrogate, 400, "Half of a surrogate pair is missing"},
    ProblemCode{codes::unauthorized, 401, "A valid token is needed"},
    ProblemCode{codes::forbidden, 403, "Not allowed"},
    ProblemCode{codes::forbidden_origin, 403, "This origin is not allowed"},
    ProblemCode{codes::forbidden_host, 403, "This host name is not served"},
    ProblemCode{codes::quota, 403, "No room for this user's blob"},
    ProblemCode{codes::not_found, 404, "Nothing is at this path"},
    ProblemCode{codes::unknown_thread, 404, "No such thread"},
    ProblemCode{codes::unknown_message, 404, "No such message"},
    ProblemCode{codes::unknown_run, 404, "No such run"},
    ProblemCode{codes::unknown_agent, 404, "No such agent"},
    ProblemCode{codes::unknown_blob, 404, "No such blob"},
    ProblemCode{codes::not_started, 404, "The run has not started"},
    ProblemCode{codes::method_not_allowed, 405, "This path does not take this method"},
    ProblemCode{codes::not_acceptable, 406, "No type that `Accept` names is available"},
    ProblemCode{codes::timeout, 408, "The request did not arrive in time"},
    ProblemCode{codes::unknown_history, 409, "The cursor belongs to another history"},
    ProblemCode{codes::rewound, 409, "The store was restored to a time before the cursor"},
    ProblemCode{codes::gap, 409, "A step is missing"},
    ProblemCode{codes::fenced, 409, "Another attempt writes this run"},
    ProblemCode{codes::ended, 409, "The run has ended"},
    ProblemCode{codes::seq_reused, 409, "The server took this step with other content"},
    ProblemCode{codes::written_here, 409, "The server writes this run"},
    ProblemCode{codes::exists, 409, "This id already exists"},
    ProblemCode{codes::deleted, 410, "Deleted"},
    ProblemCode{codes::too_large, 413, "Too large"},
    ProblemCode{codes::unsupported_media_type, 415, "The body must be JSON"},
    ProblemCode{codes::expectation_failed, 417, "The expectation can't be met"},
    ProblemCode{codes::invalid, 422, "Not valid"},
    ProblemCode{codes::unknown_field, 422, "No such field"},
    ProblemCode{codes::id_in_use, 422, "The id is in use on this socket"},
    ProblemCode{codes::upgrade_required, 426, "A WebSocket upgrade is needed"},
    ProblemCode{codes::too_many, 429, "Too many requests or connections"},
    ProblemCode{codes::header_too_large, 431, "The header is too large"},
    ProblemCode{codes::not_implemented, 501, "The server can't do that"},
    ProblemCode{codes::corrupt, 500, "The stored thread is damaged"},
    ProblemCode{codes::overloaded, 503, "The server has too much to do"},
    ProblemCode{codes::stopping, 503, "The server is stopping"},
    ProblemCode{codes::not_ready, 503, "The server is not ready"},
    ProblemCode{codes::no_space, 503, "The disk is full"},
    ProblemCode{codes::storage_failed, 503, "The store failed"},
};

unsigned status_of(Kind kind) {
  switch (kind) {
    case Kind::rejected:
      return 422;
    case Kind::not_found:
      return 404;
    case Kind::gone:
      return 410;
    case Kind::conflict:
      return 409;
    case Kind::overloaded:
      return 503;
    case Kind::unavailable:
      return 503;
    case Kind::corrupt:
      return 500;
  }
  return 500;
}

void append_members(std::string& out, const Problem& problem) {
  append_field_number(out, "status", problem.status);
  append_field(out, "code", problem.code);
  if (const auto known = find_problem(problem.code)) append_field(out, "title", known->title);
  append_field(out, "detail", problem.detail);
  if (!problem.path.empty()) append_field(out, "path", problem.path);
  out += problem.members;
}

}  // namespace

std::optional<ProblemCode> find_problem(std::string_view code) {
  const auto* found = std::ranges::find_if(
      problem_codes, [code](const ProblemCode& known) { return code == known.code; });
  if (found == problem_codes.end()) return std::nullopt;
  return *found;
}

Problem make_problem(Code code, std::string detail, std::string path) {
  const auto known = find_problem(code.name());
  MUST(known.has_value());
  return {.status = known->status,
          .code = code,
          .detail = std::move(detail),
          .path = std::move(path),
          .members = {}};
}

Problem problem_of(const Error& error) {
  const auto known = find_problem(error.code);
  return {.status = known ? known->status : status_of(error.kind),
          .code = error.code,
          .detail = error.detail,
          .path = {},
          .members = {}};
}

Problem problem_of(const StepRefusal& refusal, Epoch epoch) {
  Problem problem = problem_of(Error{Kind::conflict, refusal.code, refusal.detail});
  // The batch names a message that exists or is missing: the body is wrong (422), not the URL
  // (404).
  if (refusal.code == codes::unknown_message || refusal.code == codes::exists) problem.status = 422;
  std::string members = "{";
  if (refusal.expected) append_field_number(members, "expected", *refusal.expected);
  if (refusal.status) {
    append_field(members, "run_status", name_of(*refusal.status));
    append_field(members, "cursor", to_string(Cursor{refusal.at, epoch}));
    append_field_number(members, "seq", refusal.seq);
    append_name(members, "cut_calls");
    append_array(members, refusal.cut_calls,
                 [](std::string& out, const std::string& call) { append_text(out, call); });
  }
  members.front() = ',';
  if (members.size() > 1) problem.members = std::move(members);
  return problem;
}

bool may_retry(const Problem& problem) {
  return problem.status == 429 || problem.status == 503 || problem.status == 408;
}

void append_problem(std::string& out, const Problem& problem) {
  out += '{';
  append_members(out, problem);
  out += '}';
}

void append_failure(std::string& out, const Problem& problem) {
  out += '{';
  append_field(out, "frame", "failure");
  append_members(out, problem);
  append_field_flag(out, "retry", may_retry(problem));
  out += '}';
}

}  // namespace lockstep
