// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/frames.h"

#include <boost/json.hpp>

#include "engine/base/must.h"
#include "server/codec/problem.h"

namespace lockstep::sim {
namespace {

// Takes the bytes before `end`, and `end` itself.
std::string_view take_until(std::string_view& bytes, std::string_view end) {
  const std::size_t found = bytes.find(end);
  MUST(found != std::string_view::npos);
  const std::string_view taken = bytes.substr(0, found);
  bytes.remove_prefix(found + end.size());
  return taken;
}

}  // namespace

std::vector<Said> frames_in(Form form, std::string_view bytes) {
  std::vector<Said> frames;
  while (!bytes.empty()) {
    Said said;
    if (form == Form::sse && bytes.starts_with("id: ")) {
      said.id = take_until(bytes, "\n").substr(std::string_view("id: ").size());
    }
    std::string_view text = take_until(bytes, form == Form::sse ? "\n\n" : "\n");
    if (form == Form::sse) {
      MUST(text.starts_with("data: "));
      text.remove_prefix(std::string_view("data: ").size());
    }
    said.text = text;
    frames.push_back(std::move(said));
  }
  return frames;
}

std::string_view kind_of(std::string_view frame) {
  constexpr std::string_view start = "{\"frame\":\"";
  if (!frame.starts_with(start)) return {};
  frame.remove_prefix(start.size());
  return frame.substr(0, frame.find('"'));
}

Cursor cursor_in(std::string_view frame) {
  return parse_cursor(text_in(frame, "cursor")).value_or(Cursor());
}

std::string text_in(std::string_view frame, std::string_view name) {
  const auto parsed = boost::json::parse(frame);
  const auto* found = parsed.as_object().if_contains(name);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

Frame refusal(const Error& error) {
  const Problem problem = problem_of(error);
  return {boost::json::serialize(boost::json::object{
              {"status", problem.status}, {"code", problem.code}, {"detail", problem.detail}}),
          Refused{error, false}};
}

}  // namespace lockstep::sim
