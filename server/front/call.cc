// SPDX-License-Identifier: Apache-2.0
#include "server/front/call.h"

#include <algorithm>
#include <charconv>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"
#include "server/base/limits.h"
#include "server/front/json_answer.h"
#include "server/net/http_rules.h"
#include "server/net/trimmed.h"

namespace lockstep {
namespace {

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(taken);
}

std::string_view media_type(Form form) {
  switch (form) {
    case Form::sse:
      return "text/event-stream";
    case Form::lines:
      return "application/x-ndjson";
    default:
      return "application/json";
  }
}

struct Preference {
  double weight = 0;
  int exactness = 0;  // of the media range with this weight
};

// How exactly a media range names a type: 3 fully, 2 as `type/*`, 1 as `*/*`, 0 not at all.
int exactness_of(std::string_view range, std::string_view type) {
  if (is_same(range, type)) return 3;
  if (range == "*/*") return 1;
  const std::size_t half = type.find('/') + 1;
  return is_same(range.substr(0, half), type.substr(0, half)) && range.substr(half) == "*" ? 2 : 0;
}

double weight_of(std::string_view parameters) {
  double weight = 1;
  while (!parameters.empty()) {
    std::string_view parameter = take_until(parameters, ';');
    if (!is_same(parameter.substr(0, 2), "q=")) continue;
    parameter.remove_prefix(2);
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), weight);
  }
  return weight;
}

Preference preference_for(std::string_view type, std::string_view accept) {
  Preference best;
  while (!accept.empty()) {
    std::string_view item = take_until(accept, ',');
    const std::string_view range = take_until(item, ';');
    const int exactness = exactness_of(range, type);
    if (exactness > best.exactness) best = {weight_of(item), exactness};
  }
  return best;
}

}  // namespace

std::optional<Form> accepted_form(const Request& request, std::initializer_list<Form> offered) {
  std::string accept;  // all lines of the header, as one list
  for (const auto& [name, value] : request.headers) {
    if (name == "accept") accept += (accept.empty() ? "" : ",") + value;
  }
  if (accept.empty()) return *offered.begin();
  std::optional<Form> best;
  double best_weight = 0;
  for (const Form form : offered) {
    const Preference preference = preference_for(media_type(form), accept);
    if (preference.weight <= best_weight) continue;
    best = form;
    best_weight = preference.weight;
  }
  return best;
}

ThreadName thread_of(const Call& call) {
  return {call.owner.value_or(call.user), ThreadId(call.names[0])};
}

Problem revoked() {
  return make_problem(codes::unauthorized, "The token was revoked: send a valid one.");
}

std::optional<Problem> refused_since(const Front& front, const Caller& caller) {
  if (front.stopping) return make_problem(codes::stopping, "The server is stopping: try again.");
  if (!front.auth.allows(caller)) return revoked();
  return std::nullopt;
}

Answer json_answer(Front& front, JsonPieces pieces) {
  const std::size_t bytes = pieces.held() + limits::answer_bytes;
  if (front.memory && !front.memory->admits(MemoryKind::answers, bytes)) {
    return response_of(make_problem(
        codes::overloaded, "The server has no free memory for the answer: try again later."));
  }
  return json_answer_to_changes(front, std::move(pieces));
}

Answer json_answer_to_changes(Front& front, JsonPieces pieces) {
  Charge held(front.memory, MemoryKind::answers, pieces.held() + limits::answer_bytes);
  return StreamAnswer{std::make_unique<JsonAnswer>(std::move(pieces), std::move(held)), Form::json};
}

void refuse(Respond& respond, const Problem& problem) { respond(response_of(problem)); }
void refuse(Respond& respond, const Error& error) { refuse(respond, problem_of(error)); }

void Query::invalid(std::string_view name, std::string_view what) {
  if (problem_) return;
  problem_ = make_problem(codes::invalid, "`" + std::string(name) + "` " + std::string(what) + ".",
                          "?" + std::string(name));
}

std::optional<std::string> Query::text(std::string_view name) {
  std::optional<std::string> found;
  for (std::size_t at = 0; at < asked_.size(); ++at) {
    if (call_.query[at].first != name) continue;
    asked_[at] = true;
    if (found) invalid(name, "is there twice: send it once");
    found = call_.query[at].second;
  }
  return found;
}

std::optional<std::uint64_t> Query::number(std::string_view name, std::uint64_t most,
                                           std::uint64_t least) {
  const std::optional<std::string> given = text(name);
  if (!given) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = given->data() + given->size();
  const auto [stopped, error] = std::from_chars(given->data(), end, number);
  if (error != std::errc() || stopped != end || number < least || number > most) {
    invalid(name,
            "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  return number;
}

bool Query::flag(std::string_view name) {
  const std::optional<std::string> given = text(name);
  if (given && given != "true" && given != "false") invalid(name, "must be `true` or `false`");
  return given == "true";
}

std::optional<Cursor> Query::cursor(std::string_view name) {
  const std::optional<std::string> given = text(name);
  if (!given) return std::nullopt;
  const std::optional<Cursor> cursor = parse_cursor(*given);
  if (!cursor) invalid(name, "must be a cursor as the server gave it: TS@EPOCH");
  return cursor;
}

std::optional<MessageId> Query::message(std::string_view name) {
  const std::optional<std::string> given = text(name);
  if (!given) return std::nullopt;
  if (!is_id(*given)) invalid(name, "must be an id: 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  return MessageId(*given);
}

std::optional<Follow> Query::follow(std::string_view name) {
  const std::optional<std::string> given = text(name);
  if (!given) return std::nullopt;
  const std::optional<Follow> follow = follow_named(*given);
  if (!follow) invalid(name, "must be `none`, `run` or `live`");
  return follow;
}

std::optional<Problem> Query::problem() {
  for (std::size_t at = 0; at < asked_.size() && !problem_; ++at) {
    if (asked_[at]) continue;
    const std::string& name = call_.query[at].first;
    problem_ = make_problem(
        codes::unknown_field,
        "`" + name + "` is not a known parameter: check its name, or leave it out.", "?" + name);
  }
  return problem_;
}

}  // namespace lockstep
