// SPDX-License-Identifier: Apache-2.0
// unfoldable.cc: checks each entry from a disk before `fold` gets it, because `fold` can't fail.
#include <algorithm>

#include "engine/base/limits.h"
#include "engine/rules/approved_limits.h"
#include "engine/rules/call_limits.h"
#include "engine/rules/fold.h"
#include "engine/rules/opaque_limits.h"
#include "engine/rules/sizes.h"
#include "engine/rules/walk_limits.h"

namespace lockstep {
namespace {

class Checker {
 public:
  Checker(const ThreadState& state, Timestamp at) : state_(state), at_(at) {}

  std::string operator()(const ThreadUpdated& event) const {
    const bool many =
        event.approved_tools && (event.approved_tools->size() > limits::approved_tools_max ||
                                 bytes_of(*event.approved_tools) > limits::approved_bytes_max);
    return many ? "too many approved tools" : "";
  }

  std::string operator()(const MessagePut& event) const {
    const MessageState* row = state_.message(event.message.id);
    if (row && row->deleted) return "a put of the deleted message " + event.message.id.get();
    if (event.message.updated != at_) return "a put with another time than its entry's";
    if (event.message.run && !state_.run(*event.message.run)) {
      return "a put for the unknown run " + event.message.run->get();
    }
    if (std::string why = opaque(event.message); !why.empty()) return why;
    for (const CallNote& each : event.message.calls) {
      if (std::string why = note(event.message, each); !why.empty()) return why;
    }
    const auto& continues = event.message.continues;
    if (continues &&
        (continues != event.message.parent || !both_answers(*continues, event.message.role))) {
      return other_continued();
    }
    if (!row) return parent(event.message.parent);
    // A new parent could close a circle.
    const Message& former = row->message;
    const bool kept = event.message.parent == former.parent && event.message.role == former.role &&
                      event.message.run == former.run && continues == former.continues;
    return kept ? std::string() : "a put that moves message " + former.id.get();
  }

  std::string operator()(const MessageCreated& event) const {
    if (state_.message(event.message)) return "message " + event.message.get() + " made twice";
    if (!state_.run(event.run)) return "a message of the unknown run " + event.run.get();
    if (event.continues &&
        (event.continues != event.parent || !both_answers(*event.continues, event.role) ||
         event.continues != state_.run(event.run)->run.continues)) {
      return other_continued();
    }
    return parent(event.parent);
  }

  std::string operator()(const PartStarted& event) const {
    const MessageState* row = state_.living(event.message);
    if (!row) return no_message(event.message);
    if (event.part != row->message.parts.size()) return "a part that is not the next one";
    return {};
  }

  std::string operator()(const ContentAppended& event) const {
    const MessageState* row = state_.living(event.message);
    if (!row) return no_message(event.message);
    if (event.part > row->message.parts.size()) return "an append to a part that is not there";
    if (event.part == row->message.parts.size()) {
      return event.at == 0 ? std::string() : "an append behind the end of a new part";
    }
    if (!growing_text(row->message.parts[event.part])) return "an append to a part that can't grow";
    if (event.at > row->lengths[event.part]) return "an append behind the end of its part";
    return {};
  }

  std::string operator()(const MessageEnded& event) const { return living(event.message); }

  std::string operator()(const MessageCut& event) const {
    const MessageState* row = state_.living(event.message);
    if (!row) return no_message(event.message);
    if (event.keep.size() > row->message.parts.size()) return "a cut that keeps more than there is";
    return {};
  }

  std::string operator()(const MessageDeleted& event) const { return living(event.message); }

  std::string operator()(const HeadMoved& event) const {
    if (event.from && !state_.message(*event.from)) return no_message(*event.from);
    return event.head ? living(*event.head) : std::string();
  }

  std::string operator()(const RunQueued& event) const {
    if (state_.run(event.run)) return "run " + event.run.get() + " queued twice";
    if (event.continues && !state_.message(*event.continues)) return no_message(*event.continues);
    return parent(event.place.message);
  }

  std::string operator()(const RunStarted& event) const {
    const RunState* row = state_.run(event.run);
    if (!row) return "a start of the unknown run " + event.run.get();
    if (row->run.status != RunStatus::queued) return "a start of a run that does not wait";
    if (state_.running) return "a start while another run goes on";
    return event.head ? living(*event.head) : std::string();
  }

  std::string operator()(const RunEnded& event) const {
    const RunState* row = state_.run(event.run);
    if (!row) return "an end of the unknown run " + event.run.get();
    if (row->run.ended) return "run " + event.run.get() + " ended twice";
    if (is_open(event.status)) return "an end of run " + event.run.get() + " that leaves it open";
    return {};
  }

  std::string operator()(const RepairsNoted& event) const {
    if (size_of(event.repairs) > limits::repairs_bytes_max) return "repairs that are too long";
    return state_.run(event.run) ? "" : "repairs of the unknown run " + event.run.get();
  }

  std::string operator()(const OpaqueNoted& event) const {
    const MessageState* row = state_.living(event.message);
    if (!row) return no_message(event.message);
    if (event.data.part && *event.data.part >= row->message.parts.size()) {
      return "opaque data of a part that is not there";
    }
    const OpaqueData* former = row->message.opaque.of(event.data.part);
    return bounded(size_of(row->message.opaque) + size_of(event.data) -
                   (former ? size_of(*former) : 0));
  }

  std::string operator()(const AttemptStarted& event) const {
    const RunState* row = state_.run(event.run);
    if (!row) return "an attempt of the unknown run " + event.run.get();
    if (row->run.status != RunStatus::running) return "an attempt of a run that does not go on";
    return event.attempt == row->run.attempt + 1 ? "" : "an attempt that is not the next one";
  }

  std::string operator()(const CallNoted& event) const {
    const MessageState* row = state_.living(event.message);
    return row ? note(row->message, event.note) : no_message(event.message);
  }

  std::string operator()(const ResumeNoted& event) const {
    const RunState* row = state_.run(event.run);
    if (!row) return "the waiting of the unknown run " + event.run.get();
    if (!row->run.resume) return "the waiting of a run that did not ask for it";
    if (event.resume.next && !state_.run(*event.resume.next)) return "the unknown next run";
    return {};
  }

 private:
  static std::string note(const Message& message, const CallNote& note) {
    const bool call = note.part < message.parts.size() &&
                      std::holds_alternative<ToolCallPart>(message.parts[note.part]);
    if (!call) return "a note of a call that is not there";
    return note.reason.size() > limits::call_reason_bytes_max ? "a reason that is too long" : "";
  }
  static std::string other_continued() {
    return "a message that continues another than the answer above it, as its run does";
  }
  bool both_answers(const MessageId& above, Role role) const {
    const MessageState* row = state_.message(above);
    return row && row->message.role == Role::assistant && role == Role::assistant;
  }
  static std::string no_message(const MessageId& id) {
    return "message " + id.get() + " is not there";
  }
  static std::string bounded(std::size_t opaque_bytes) {
    return opaque_bytes > limits::opaque_bytes_max ? "opaque data that is too long" : "";
  }
  static std::string opaque(const Message& message) {
    for (const OpaqueData& data : message.opaque) {
      if (data.part && *data.part >= message.parts.size()) {
        return "opaque data of a part that is not there";
      }
    }
    return bounded(size_of(message.opaque));
  }
  std::string living(const MessageId& id) const {
    return state_.living(id) ? std::string() : no_message(id);
  }
  std::string parent(const std::optional<MessageId>& id) const {
    return id && !state_.message(*id) ? "the unknown parent " + id->get() : std::string();
  }

  const ThreadState& state_;
  Timestamp at_;
};

}  // namespace

std::string unfoldable(const ThreadState& state, const Entry& entry) {
  if (entry.previous != state.now) return "the entry before it is missing";
  if (entry.at <= state.now) return "it is not later than the entry before it";
  if (is_later_than_clocks(entry.at)) return "it is later than any clock";
  if (entry.origin.has_value() != (state.now == Timestamp())) return "a first entry out of place";
  // Each event is checked in the state that the events before it have left. The last one is not
  // folded: a stream's entries have one event, and folding it on a copy would copy its whole
  // message.
  ThreadState after = state;
  for (const Event& event : entry.events) {
    std::string why = std::visit(Checker(after, entry.at), event);
    if (!why.empty()) return why;
    if (&event != &entry.events.back()) fold(after, event, entry.at);
  }
  for (const Ack& ack : entry.acks) {
    if (!ack.outcome.op) return "the memory of a change without an op";
  }
  if (!entry.producer) return {};
  const RunState* run = state.run(entry.producer->run);
  if (!run) return "steps of an unknown run";
  return run->run.attempt == entry.producer->attempt ? "" : "steps of another attempt";
}

}  // namespace lockstep
