// SPDX-License-Identifier: Apache-2.0
#include "server/codec/problem.h"

#include <algorithm>
#include <array>

#include "schema/json/json_text.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

constexpr std::array problem_codes{
    ProblemCode{"malformed", 400, "The request can't be read"},
    ProblemCode{"invalid_utf8", 400, "The text is not valid UTF-8"},
    ProblemCode{"lone_surrogate", 400, "Half of a surrogate pair stands alone"},
    ProblemCode{"unauthorized", 401, "A valid token is needed"},
    ProblemCode{"forbidden", 403, "Not allowed"},
    ProblemCode{"forbidden_origin", 403, "This origin is not allowed"},
    ProblemCode{"forbidden_host", 403, "This host name is not served"},
    ProblemCode{"not_found", 404, "There is nothing here"},
    ProblemCode{"unknown_thread", 404, "No such thread"},
    ProblemCode{"unknown_message", 404, "No such message"},
    ProblemCode{"unknown_run", 404, "No such run"},
    ProblemCode{"unknown_agent", 404, "No such agent"},
    ProblemCode{"not_started", 404, "The run has not started"},
    ProblemCode{"method_not_allowed", 405, "The method does not fit"},
    ProblemCode{"not_acceptable", 406, "No form that is accepted can be given"},
    ProblemCode{"timeout", 408, "The request took too long to come"},
    ProblemCode{"unknown_history", 409, "The cursor is of another history"},
    ProblemCode{"rewound", 409, "The store was restored to before the cursor"},
    ProblemCode{"gap", 409, "A step is missing"},
    ProblemCode{"fenced", 409, "Another attempt writes this run"},
    ProblemCode{"ended", 409, "The run was ended"},
    ProblemCode{"seq_reused", 409, "The step was taken with other content"},
    ProblemCode{"written_here", 409, "The server writes this run"},
    ProblemCode{"exists", 409, "The id is taken"},
    ProblemCode{"deleted", 410, "Deleted"},
    ProblemCode{"too_large", 413, "Too large"},
    ProblemCode{"unsupported_media_type", 415, "The body must be JSON"},
    ProblemCode{"expectation_failed", 417, "The expectation can't be met"},
    ProblemCode{"invalid", 422, "Not valid"},
    ProblemCode{"unknown_field", 422, "No such field"},
    ProblemCode{"id_in_use", 422, "The id is in use on this socket"},
    ProblemCode{"upgrade_required", 426, "A WebSocket upgrade is needed"},
    ProblemCode{"too_many", 429, "Too many"},
    ProblemCode{"header_too_large", 431, "The header is too large"},
    ProblemCode{"not_implemented", 501, "The server can't do that"},
    ProblemCode{"corrupt", 500, "The stored thread is damaged"},
    ProblemCode{"overloaded", 503, "Too much is waiting"},
    ProblemCode{"stopping", 503, "The server is stopping"},
    ProblemCode{"not_ready", 503, "The server is not ready"},
    ProblemCode{"storage_failed", 503, "The store failed"},
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
  const auto* found = std::ranges::find(problem_codes, code, &ProblemCode::code);
  if (found == problem_codes.end()) return std::nullopt;
  return *found;
}

Problem make_problem(std::string_view code, std::string detail, std::string path) {
  const auto known = find_problem(code);
  MUST(known.has_value());
  return {.status = known->status,
          .code = std::string(code),
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
  // A name that is taken or missing within a batch is a fault of the batch, not of its address.
  if (refusal.code == "unknown_message" || refusal.code == "exists") problem.status = 422;
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
