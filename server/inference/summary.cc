// SPDX-License-Identifier: Apache-2.0
#include "server/inference/summary.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "schema/json/json_members.h"
#include "schema/json/json_text.h"

namespace lockstep {
namespace {

// A summary is text: the model is not offered to act.
constexpr std::array<std::string_view, 4> actions = {"tools", "tool_choice", "response_format",
                                                     "parallel_tool_calls"};

struct Shift {
  void operator()(StartPart& step) const {
    if (step.part) ++*step.part;
  }
  void operator()(AppendContent& step) const { ++step.part; }
  void operator()(NoteOpaque& step) const {
    if (step.data.part) ++*step.data.part;
  }
  void operator()(NoteCall& step) const { ++step.note.part; }
  void operator()(auto&) const {}
};

bool begins_as_summary(const Message& message) {
  if (message.role != Role::assistant || message.parts.empty()) return false;
  const auto* data = std::get_if<DataPart>(&message.parts.front());
  return data && data->name == summary_name;
}

}  // namespace

bool is_summary(const Message& message) {
  if (!begins_as_summary(message)) return false;
  // A part of a summary, or one that says nothing, would lose what it stands for.
  const bool whole =
      message.status == MessageStatus::complete && message.finish.reason != length_reason;
  const bool says = std::ranges::any_of(message.parts, [](const Part& part) {
    const auto* text = std::get_if<TextPart>(&part);
    return text && text->text.find_first_not_of(" \t\r\n") != std::string::npos;
  });
  // With a call it could not begin a request.
  const bool calls = std::ranges::any_of(
      message.parts, [](const Part& part) { return std::holds_alternative<ToolCallPart>(part); });
  return whole && says && !calls;
}

bool is_cut_summary(const Message& message) {
  return begins_as_summary(message) && !is_summary(message);
}

std::optional<RunError> refuse_rest_of_summary(const Context& context) {
  if (!context.continues || context.path.empty()) return std::nullopt;
  const Message& last = context.path.back();
  if (last.id != *context.continues || !is_cut_summary(last)) return std::nullopt;
  return RunError{
      codes::invalid,
      "A summary that was cut can't be continued, and stands for nothing. Delete it, or "
      "leave it, and start a run with `summarise` again behind message " +
          (last.parent ? last.parent->get() : last.id.get()) +
          "; if a limit of length has cut it, with a higher one."};
}

std::optional<Json> take_summarise(const std::optional<Json>& params, RequestSettings& settings) {
  if (!params) return params;
  std::optional<std::vector<JsonMember>> members = json_members(params->text);
  const std::string* wanted = members ? find_member(*members, summarise_param) : nullptr;
  if (!wanted) return params;
  settings.summarise = *wanted == "true";
  std::erase_if(*members, [](const JsonMember& it) { return it.key == summarise_param; });
  if (members->empty()) return {};
  return Json{json_object(*members)};
}

void leave_actions_out(RequestSettings& settings) {
  if (!settings.summarise) return;
  std::erase_if(settings.request, [](const JsonMember& member) {
    return std::ranges::find(actions, member.key) != actions.end();
  });
}

DataPart summary_part(const Context& context, const std::vector<Repair>& repairs) {
  MUST(!context.path.empty());
  // What the request has left out, it is not about.
  const auto dropped = std::ranges::find(repairs, "dropped", &Repair::kind);
  std::size_t left = dropped == repairs.end() ? 0 : dropped->count;
  std::size_t first = 0;
  while (first + 1 < context.path.size() && left > 0) {
    if (context.path[first++].role != Role::system) --left;
  }
  std::string value = "{";
  append_field(value, "from", context.path[first].id.get());
  append_field(value, "to", context.path.back().id.get());
  append_field_number(value, "messages", context.path.size() - first);
  return {std::string(summary_name), Json{value + "}"}};
}

std::optional<DataPart> asked_summary(const Context& context,
                                      const std::optional<RequestSettings>& settings,
                                      const std::vector<Repair>& repairs) {
  if (!settings || !settings->summarise) return std::nullopt;
  return summary_part(context, repairs);
}

std::vector<Step> SummarySteps::of(std::vector<Step> steps) const {
  std::vector<Step> shifted;
  shifted.reserve(steps.size() + 1);
  for (Step& step : steps) {
    std::visit(Shift(), step.what);
    const auto* open = std::get_if<OpenMessage>(&step.what);
    const std::optional<MessageId> opened = open ? std::optional(open->message) : std::nullopt;
    shifted.push_back(std::move(step));
    if (opened) shifted.push_back({.seq = 0, .what = StartPart{*opened, 0, part_}});
  }
  return shifted;
}

}  // namespace lockstep
