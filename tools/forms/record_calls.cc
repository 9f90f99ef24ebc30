// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/record_calls.h"

#include "schema/json/json_text.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

CallNote note_of(RecordFields& in) {
  return {in.number<std::uint32_t>("part"), in.name<CallStatus>("status"),
          in.maybe_text("reason").value_or("")};
}

}  // namespace

void append_attempt(std::string& out, const AttemptStarted& event) {
  append_event(out, event);
  if (event.claim.empty()) return;
  out.pop_back();
  append_field(out, "claim", event.claim);
  out += '}';
}

std::vector<CallNote> calls_of(RecordFields& in) {
  std::vector<CallNote> calls;
  for (const JsonValue& value : in.maybe_list("calls")) {
    RecordFields call(value, in.wrong());
    call.allow({"part", "status", "reason"});
    calls.push_back(note_of(call));
  }
  return calls;
}

std::vector<std::string> texts_of(RecordFields& in, std::string_view name) {
  std::vector<std::string> texts;
  for (const JsonValue& text : in.maybe_list(name)) {
    if (!text.is(JsonValue::Kind::string)) in.complain(name, "has another thing than texts");
    texts.push_back(text.text);
  }
  return texts;
}

Event attempt_started(RecordFields& in) {
  in.allow({"type", "run", "attempt", "agent", "model", "settings", "claim", "error"});
  AttemptStarted event{.run = in.id<RunId>("run"),
                       .attempt = in.number<std::uint32_t>("attempt"),
                       .agent = AgentName(in.text("agent")),
                       .model = in.maybe_text("model"),
                       .settings = in.hash("settings"),
                       .claim = in.maybe_text("claim").value_or("")};
  if (in.has("error")) {
    RecordFields error(in.object("error"), in.wrong());
    error.allow({"code", "detail"});
    event.error = RunError{error.text("code"), error.text("detail")};
  }
  return event;
}

Event call_noted(RecordFields& in) {
  in.allow({"type", "message", "part", "status", "reason"});
  return CallNoted{in.id<MessageId>("message"), note_of(in)};
}

Event resume_noted(RecordFields& in) {
  in.allow({"type", "run", "resume"});
  RecordFields resume(in.object("resume"), in.wrong());
  resume.allow({"status", "until", "next", "why"});
  ResumeNoted event{in.id<RunId>("run"), Resume{.status = resume.name<ResumeStatus>("status"),
                                                .next = resume.maybe_id<RunId>("next"),
                                                .why = resume.maybe_text("why").value_or("")}};
  if (resume.has("until")) event.resume.until = Timestamp(resume.number<std::uint64_t>("until"));
  return event;
}

}  // namespace lockstep
