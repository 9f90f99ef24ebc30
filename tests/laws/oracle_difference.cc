// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/oracle_difference.h"

#include "tests/laws/oracle_words.h"

namespace lockstep::test {
namespace {

const char* status_name(RunStatus status) {
  constexpr const char* names[] = {"queued", "running",     "completed", "stopped",
                                   "failed", "interrupted", "superseded"};
  return names[static_cast<std::size_t>(status)];
}
const char* status_name(MessageStatus status) {
  constexpr const char* names[] = {"open", "complete", "stopped", "failed", "interrupted"};
  return names[static_cast<std::size_t>(status)];
}
const char* role_name(Role role) {
  constexpr const char* names[] = {"system", "user", "assistant", "tool"};
  return names[static_cast<std::size_t>(role)];
}

struct PartDifference {
  const oracle::Part& expected;

  bool operator()(const TextPart& part) const { return is("text", part.text, "", ""); }
  bool operator()(const ReasoningPart& part) const { return is("reasoning", part.text, "", ""); }
  bool operator()(const ToolCallPart& part) const {
    return is("tool_call", part.arguments, part.id, part.name);
  }
  bool operator()(const ToolResultPart& part) const {
    return is("tool_result", "", part.call, part.content) && expected.marked == part.made &&
           expected.failed == part.failed;
  }
  bool operator()(const FilePart& part) const {
    return is("file", "", part.uri, part.name.value_or(""));
  }
  bool operator()(const DataPart& part) const { return is("data", "", part.name, part.value.text); }

  bool is(const char* type, const std::string& text, const std::string& one,
          const std::string& two) const {
    return expected.type == type && expected.text == oracle::widen(text) && expected.one == one &&
           expected.two == two;
  }
};

std::string types(const oracle::Message& message) {
  std::string text;
  for (const oracle::Part& part : message.parts) text += part.type + " " + part.one + ", ";
  return text;
}
std::string types(const Message& message) {
  constexpr const char* names[] = {"text", "reasoning", "tool_call", "tool_result", "file", "data"};
  std::string text;
  for (const Part& part : message.parts) {
    text += names[part.index()];
    if (const auto* call = std::get_if<ToolCallPart>(&part))
      text += " " + call->id + call->arguments;
    if (const auto* result = std::get_if<ToolResultPart>(&part)) text += " " + result->call;
    text += ", ";
  }
  return text;
}

std::map<int, std::string> opaque_words(const Opaque& opaque) {
  std::map<int, std::string> words;
  for (const OpaqueData& data : opaque) {
    words[data.part ? static_cast<int>(*data.part) : -1] = data.origin + " " + data.value.text;
  }
  return words;
}

std::string word_of(ResumeStatus status) {
  constexpr const char* names[] = {"asked", "waiting", "resumed", "given_up"};
  return names[static_cast<std::size_t>(status)];
}
std::string word_of(CallStatus status) {
  constexpr const char* names[] = {"needs_approval", "approved", "denied", "running"};
  return names[static_cast<std::size_t>(status)];
}

std::string note_difference(const Message& message, const oracle::Message& expected) {
  std::map<std::size_t, oracle::Message::Note> notes;
  for (const CallNote& note : message.calls) notes[note.part] = {word_of(note.status), note.reason};
  if (notes.size() != message.calls.size()) return "a call has two notes";
  if (notes == expected.notes) return {};
  std::string text = "its notes are";
  for (const auto& [part, note] : notes) text += " " + std::to_string(part) + note.status;
  text += ", not";
  for (const auto& [part, note] : expected.notes) text += " " + std::to_string(part) + note.status;
  return text;
}

std::string resume_difference(const Run& run, const oracle::Run& expected) {
  const Resume resume = run.resume.value_or(Resume());
  if ((run.resume ? word_of(resume.status) : "") != expected.resume) {
    return "it is " + (run.resume ? word_of(resume.status) : "") + " " + resume.why + ", not " +
           expected.resume + " " + expected.why;
  }
  if (resume.why != expected.why) return "why: " + resume.why + ", not " + expected.why;
  if ((resume.next ? resume.next->get() : "") != expected.next) return "the next run";
  return resume.until.get() == expected.until ? "" : "until when it waits";
}

std::string difference(const Message& message, const oracle::Message& expected) {
  const std::string name = "message " + expected.id;
  if (message.id.get() != expected.id) return name + " is " + message.id.get();
  if ((message.parent ? message.parent->get() : "") != expected.parent) return name + ": parent";
  if (role_name(message.role) != expected.role) return name + ": role";
  if ((message.run ? message.run->get() : "") != expected.run) return name + ": run";
  if (message.author.value_or("") != expected.author) return name + ": author";
  if ((message.metadata ? message.metadata->text : "") != expected.metadata) {
    return name + ": metadata";
  }
  if (status_name(message.status) != expected.status) {
    return name + ": status " + status_name(message.status) + ", not " + expected.status;
  }
  if (message.created.get() != expected.created) return name + ": created";
  if (oracle::opaque(message.usage) != expected.usage) return name + ": usage";
  if (message.finish.reason.value_or("") != expected.finish_reason) return name + ": finish_reason";
  if (message.finish.model.value_or("") != expected.model) return name + ": model";
  if ((message.continues ? message.continues->get() : "") != expected.continues) {
    return name + ": continues";
  }
  if (message.parts.size() != expected.parts.size()) {
    return name + ": " + std::to_string(message.parts.size()) + " parts, not " +
           std::to_string(expected.parts.size()) + ": " + types(message) + " not " +
           types(expected);
  }
  for (std::size_t part = 0; part < message.parts.size(); ++part) {
    if (!std::visit(PartDifference{expected.parts[part]}, message.parts[part])) {
      return name + ": part " + std::to_string(part);
    }
  }
  if (std::string wrong = note_difference(message, expected); !wrong.empty()) {
    return name + ": " + wrong;
  }
  return {};
}

std::string difference(const Run& run, const oracle::Run& expected) {
  const std::string name = "run " + expected.id;
  if (run.id.get() != expected.id) return name + " is " + run.id.get();
  if (status_name(run.status) != expected.status) {
    return name + ": status " + status_name(run.status) + ", not " + expected.status;
  }
  if ((run.head ? run.head->get() : "") != expected.head) return name + ": head";
  if ((run.started ? run.started->get() : 0) != expected.started) return name + ": started";
  if ((run.ended ? run.ended->get() : 0) != expected.ended) return name + ": ended";
  if (run.input != expected.input) return name + ": input";
  if (oracle::opaque(run.usage) != expected.usage) return name + ": usage";
  if (run.model.value_or("") != expected.model) return name + ": model";
  if (run.finish_reason.value_or("") != expected.finish_reason) return name + ": finish_reason";
  if ((run.continues ? run.continues->get() : "") != expected.continues) {
    return name + ": continues";
  }
  if (oracle::repair_words(run.repairs) != expected.repairs) return name + ": repairs";
  if (run.agent.get() != expected.agent) return name + ": agent";
  if (run.attempt != expected.attempt) return name + ": attempt";
  if (std::string wrong = resume_difference(run, expected); !wrong.empty()) {
    return name + ": " + wrong;
  }
  return {};
}

}  // namespace

std::string difference(const Screen& screen, const oracle::World& world) {
  std::vector<const oracle::Message*> living;
  for (const oracle::Message& message : world.messages) {
    if (!message.deleted) living.push_back(&message);
  }
  if (screen.messages.size() != living.size()) {
    return std::to_string(screen.messages.size()) + " messages, not " +
           std::to_string(living.size());
  }
  for (std::size_t at = 0; at < living.size(); ++at) {
    std::string found = difference(screen.messages[at], *living[at]);
    if (!found.empty()) return found;
  }
  if (screen.runs.size() != world.runs.size()) return "another number of runs";
  for (std::size_t at = 0; at < world.runs.size(); ++at) {
    std::string found = difference(screen.runs[at], world.runs[at]);
    if (!found.empty()) return found;
  }
  if (!screen.thread) return {};
  const std::string head = screen.thread->head ? screen.thread->head->get() : "";
  if (head != world.head) return "the head is " + head + ", not " + world.head;
  if (oracle::widen(screen.thread->title) != world.title) return "the title";
  if (screen.thread->archived != world.archived) return "archived";
  if (screen.thread->approved_tools != world.approved) return "the approved tools";
  return {};
}

std::string opaque_difference(const ThreadState& state, const oracle::World& world) {
  for (const oracle::Message& expected : world.messages) {
    const MessageState* row = state.message(MessageId(expected.id));
    if (!row || opaque_words(row->message.opaque) != expected.opaque) {
      return "message " + expected.id + ": opaque data";
    }
  }
  for (const oracle::Run& expected : world.runs) {
    const RunState* row = state.run(RunId(expected.id));
    if (!row || row->claim != expected.claim) return "run " + expected.id + ": claim";
  }
  std::vector<std::string> awaiting;
  for (const std::uint32_t number : state.awaiting) {
    awaiting.push_back(state.runs[number].run.id.get());
  }
  return awaiting == world.awaiting ? "" : "the runs that wait for answers";
}

}  // namespace lockstep::test
