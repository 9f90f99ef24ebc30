// SPDX-License-Identifier: Apache-2.0
// call_write.cc: writes what stands beside tool calls: notes, runs that wait for answers.
#include <utility>

#include "schema/json/json_text.h"
#include "server/codec/json_write.h"

namespace lockstep {

std::string_view name_of(ResumeStatus status) {
  switch (status) {
    case ResumeStatus::asked:
      return "asked";
    case ResumeStatus::waiting:
      return "waiting";
    case ResumeStatus::resumed:
      return "resumed";
    case ResumeStatus::given_up:
      return "given_up";
  }
  std::unreachable();
}

void append_call_fields(std::string& out, const CallNote& note) {
  append_field_number(out, "part", note.part);
  append_field(out, "status", name_of(note.status));
  if (!note.reason.empty()) append_field(out, "reason", note.reason);
}

void append_calls(std::string& out, const std::vector<CallNote>& calls) {
  append_name(out, "calls");
  append_array(out, calls, [](std::string& to, const CallNote& note) {
    to += '{';
    append_call_fields(to, note);
    to += '}';
  });
}

void append_resume(std::string& out, const Resume& resume) {
  append_name(out, "resume");
  out += '{';
  append_field(out, "status", name_of(resume.status));
  if (resume.until != Timestamp()) append_field_number(out, "until", resume.until.get());
  if (resume.next) append_field(out, "next", resume.next->get());
  if (!resume.why.empty()) append_field(out, "why", resume.why);
  out += '}';
}

void append_texts(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  append_name(out, name);
  append_array(out, texts, [](std::string& to, const std::string& text) { append_text(to, text); });
}

}  // namespace lockstep
