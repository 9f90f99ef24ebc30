// SPDX-License-Identifier: Apache-2.0
// call_read.cc: reads the changes and steps about tool calls.
#include <array>

#include "engine/base/limits.h"
#include "engine/rules/approved_limits.h"
#include "engine/rules/call_limits.h"
#include "server/codec/object_read.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 3> decision_names{"approved", "denied", "running"};
constexpr std::array decisions{CallStatus::approved, CallStatus::denied, CallStatus::running};
constexpr std::array<std::string_view, 2> noted_names{"needs_approval", "running"};
constexpr std::array noted{CallStatus::needs_approval, CallStatus::running};

std::string read_reason(Object& object) {
  const auto reason = object.find("reason");
  return reason ? reason->text(limits::call_reason_bytes_max) : std::string();
}

}  // namespace

AnswerCall read_answer_call(Object& object) {
  AnswerCall answer;
  answer.message = MessageId(object.need("message").id());
  answer.call = object.need("call").text(limits::name_bytes_max);
  answer.content = object.need("content").text(limits::message_bytes_max);
  if (const auto failed = object.find("failed")) answer.failed = failed->flag();
  if (const auto id = object.find("id")) answer.id = MessageId(id->id());
  return answer;
}

DecideCall read_decide_call(Object& object) {
  DecideCall decide;
  decide.message = MessageId(object.need("message").id());
  decide.call = object.need("call").text(limits::name_bytes_max);
  decide.decision = decisions[object.need("decision").one_of(decision_names)];
  decide.reason = read_reason(object);
  const auto always = object.find("always");
  if (!always) return decide;
  decide.always = always->flag();
  if (decide.always && decide.decision != CallStatus::approved) {
    always->invalid("goes only with the decision `approved`");
  }
  return decide;
}

std::optional<std::vector<std::string>> read_approved_tools(Object& object) {
  const auto list = object.find("approved_tools");
  if (!list) return {};
  std::vector<std::string> tools;
  list->each(limits::approved_tools_max,
             [&tools](const Spot& tool) { tools.push_back(tool.text(limits::name_bytes_max)); });
  if (bytes_of(tools) > limits::approved_bytes_max) {
    list->invalid("has too long names: all together may have 16384 bytes");
  }
  return tools;
}

bool read_resume(Object& object) {
  static constexpr std::array<std::string_view, 1> when{"when_answered"};
  const auto resume = object.find("resume");
  if (!resume) return false;
  (void)resume->one_of(when);
  return true;
}

NoteCall read_note_call(Object& object) {
  NoteCall note;
  note.message = MessageId(object.need("message").id());
  note.note.part = static_cast<std::uint32_t>(object.need("part").number(limits::parts_max));
  note.note.status = noted[object.need("status").one_of(noted_names)];
  note.note.reason = read_reason(object);
  return note;
}

CutMessage read_cut(Object& object) {
  CutMessage cut;
  cut.message = MessageId(object.need("message").id());
  object.need("keep").each(limits::parts_max, [&cut](const Spot& units) {
    cut.keep.push_back(static_cast<Units>(units.number(limits::message_bytes_max)));
  });
  return cut;
}

}  // namespace lockstep
