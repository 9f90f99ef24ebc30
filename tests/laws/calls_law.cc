// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/calls_law.h"

#include <algorithm>

#include "engine/rules/call_results.h"
#include "engine/rules/fold.h"
#include "tests/laws/oracle_words.h"

namespace lockstep::test {
namespace {

// The messages of a path, as the oracle matches calls and results.
std::vector<oracle::Message> messages_to(const ThreadState& state,
                                         const std::optional<MessageId>& head) {
  std::vector<oracle::Message> messages;
  for (const MessageState* row : state.path(head)) {
    oracle::Message& message = messages.emplace_back();
    message.id = row->message.id.get();
    message.role = oracle::role_name(row->message.role);
    message.run = row->message.run ? row->message.run->get() : "";
    for (const Part& part : row->message.parts) message.parts.push_back(oracle::part_of(part));
    for (const CallNote& note : row->message.calls) {
      message.notes[note.part].status = name_of(note.status);
    }
  }
  return messages;
}

bool has_ended(const ThreadState& state, const RunId& run) {
  const RunState* row = state.run(run);
  return row && row->run.ended.has_value();
}

bool of_ended_run(const ThreadState& state, const MessageId& id) {
  const MessageState* row = state.message(id);
  return row && row->message.run && has_ended(state, *row->message.run);
}

// May what is noted of a call become this?
bool may_follow(const CallNote* former, CallStatus next, bool open) {
  if (open) return next != CallStatus::denied;
  if (next == CallStatus::needs_approval) return !former;  // of a call that a stop has shortened
  if (!former) return true;
  if (former->status == CallStatus::needs_approval) return next != CallStatus::running;
  return former->status == CallStatus::approved && next == CallStatus::running;
}

}  // namespace

std::string CallsLaw::look(const ThreadState& before, const Entry& entry,
                           const oracle::World& world) {
  ThreadState now = before;
  for (const Event& event : entry.events) {
    std::string wrong = look(now, event);
    if (!wrong.empty()) return wrong;
    fold(now, event, entry.at);
    if (const auto* put = std::get_if<MessagePut>(&event)) {
      wrong = this->put(now, put->message, entry.at);
      if (!wrong.empty()) return wrong;
    }
  }
  // A run is given the state of the whole entry.
  for (const Event& event : entry.events) {
    const auto* started = std::get_if<RunStarted>(&event);
    if (!started) continue;
    std::vector<Message>& path = sent_[started->run];
    for (const MessageState* row : now.path(started->head)) path.push_back(row->message);
  }
  std::size_t open = 0;
  for (const oracle::Run& run : world.runs) open += run.status == "running" ? 1 : 0;
  return open > 1 ? "two runs run" : "";
}

std::string CallsLaw::look(const ThreadState& now, const Event& event) {
  if (const auto* created = std::get_if<MessageCreated>(&event)) {
    if (has_ended(now, created->run)) return "a run that has ended opens a message";
  } else if (const auto* appended = std::get_if<ContentAppended>(&event)) {
    if (of_ended_run(now, appended->message)) return "an answer grows behind its end";
  } else if (const auto* ended = std::get_if<MessageEnded>(&event)) {
    if (of_ended_run(now, ended->message)) return "an answer ends behind its run";
  } else if (const auto* opaque = std::get_if<OpaqueNoted>(&event)) {
    if (of_ended_run(now, opaque->message)) return "opaque data comes behind the end of its run";
  } else if (const auto* part = std::get_if<PartStarted>(&event)) {
    const auto* result = std::get_if<ToolResultPart>(&part->value);
    const bool made = result && result->made;
    if (!made && of_ended_run(now, part->message)) return "a part comes behind the end of its run";
  } else if (const auto* attempt = std::get_if<AttemptStarted>(&event)) {
    const RunState* row = now.run(attempt->run);
    const bool other = row && row->run.agent != attempt->agent;
    if (!row || row->run.status != RunStatus::running) return "an attempt of a run that is over";
    if (other && !row->messages.empty()) return "two agents write one answer";
  } else if (const auto* noted = std::get_if<CallNoted>(&event)) {
    const Message& message = now.message(noted->message)->message;
    const bool open = message.status == MessageStatus::open;
    if (!may_follow(note_of(message, noted->note.part), noted->note.status, open)) {
      return "a second decision counts";
    }
  } else if (const auto* resume = std::get_if<ResumeNoted>(&event)) {
    return resumed(now, *resume);
  }
  return {};
}

std::string CallsLaw::resumed(const ThreadState& now, const ResumeNoted& event) {
  const std::string name = "run " + event.run.get();
  const Run& run = now.run(event.run)->run;
  if (run.status != RunStatus::completed) return name + " waits for answers, and did not end well";
  if (event.resume.status == ResumeStatus::waiting) {
    return waited_.insert(event.run).second ? "" : name + " waits for answers twice";
  }
  if (!waited_.contains(event.run)) return name + " never waited for answers";
  if (!resumed_.insert(event.run).second) return name + " stops to wait for answers twice";
  if (event.resume.status != ResumeStatus::resumed) return {};
  const RunState* next = event.resume.next ? now.run(*event.resume.next) : nullptr;
  if (!next || next->run.status != RunStatus::queued) return name + " is resumed by no run";
  const std::vector<oracle::Message> path = messages_to(now, next->run.place.message);
  // A result above its first message is for a call above it.
  const auto first = std::ranges::find(path, event.run.get(), &oracle::Message::run);
  if (first == path.end()) return name + " is resumed, and the head has left its answer";
  const std::vector<oracle::Message> own(first, path.end());
  for (const oracle::CallOf& call : oracle::match(own).calls) {
    const oracle::Message& message = own[call.message];
    if (message.run != event.run.get() || call.real) continue;
    const auto note = message.notes.find(call.part);
    const bool denied = note != message.notes.end() && note->second.status == "denied";
    if (!denied) return name + " is resumed before call " + call.id + " is answered";
  }
  return {};
}

std::string CallsLaw::put(const ThreadState& now, const Message& message, Timestamp at) {
  if (message.created != at) return {};  // the outcomes of edits are the oracle's
  const bool has_result = std::ranges::any_of(
      message.parts, [](const Part& part) { return std::holds_alternative<ToolResultPart>(part); });
  if (!has_result) return {};
  const std::vector<oracle::Message> path = messages_to(now, message.id);
  const std::string code =
      oracle::unwanted(path, [&](std::size_t place) { return place + 1 == path.size(); });
  return code.empty() ? ""
                      : "message " + message.id.get() + " has a result for a call that takes none";
}

std::string CallsLaw::sent(const Run& run, const std::vector<const MessageState*>& path) const {
  const auto known = sent_.find(run.id);
  if (known == sent_.end()) return "run " + run.id.get() + " started unseen";
  const bool same = std::ranges::equal(known->second, path, {}, {},
                                       [](const MessageState* row) { return row->message; });
  return same ? "" : "run " + run.id.get() + " was sent something else";
}

}  // namespace lockstep::test
