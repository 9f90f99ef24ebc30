// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/calls_key.h"

#include <algorithm>
#include <cstring>

#include "engine/rules/digest.h"

namespace lockstep::explore {
namespace {

// Bytes, and the timestamps among them.
class Writer {
 public:
  void number(std::uint64_t value) {
    bytes_ += std::to_string(value);
    bytes_ += ' ';
  }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void time(Timestamp value) { times_.push_back(value); }
  void time(const std::optional<Timestamp>& value) {
    number(value ? 1 : 0);
    if (value) time(*value);
  }
  template <class Id>
  void id(const std::optional<Id>& value) {
    text(value ? value->get() : "-");
  }

  // Timestamps are compared with each other only, so their ranks are enough.
  std::string done() {
    std::vector<Timestamp> ranks = times_;
    std::ranges::sort(ranks);
    const auto rest = std::ranges::unique(ranks);
    ranks.erase(rest.begin(), rest.end());
    for (const Timestamp each : times_) {
      number(static_cast<std::uint64_t>(std::ranges::lower_bound(ranks, each) - ranks.begin()));
    }
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  std::vector<Timestamp> times_;
};

void write(Writer& out, const MessageState& row) {
  const Message& message = row.message;
  out.text(message.id.get());
  out.id(message.parent);
  out.id(message.run);
  out.id(message.continues);
  out.number(static_cast<std::uint64_t>(message.role));
  out.number(static_cast<std::uint64_t>(message.status));
  out.number(row.deleted ? 1 : 0);
  out.number(row.written);
  out.number(message.parts.size());
  for (const Part& part : message.parts) {
    out.number(part.index());
    if (const auto* call = std::get_if<ToolCallPart>(&part)) out.text(call->id + call->arguments);
    if (const auto* text = std::get_if<TextPart>(&part)) out.text(text->text);
    const auto* result = std::get_if<ToolResultPart>(&part);
    if (result) out.text(result->call + result->content + (result->made ? "made" : ""));
  }
  for (const CallNote& note : message.calls) {
    out.number(note.part);
    out.number(static_cast<std::uint64_t>(note.status));
  }
  out.time(message.created);
  out.time(row.whole);
}

void write(Writer& out, const RunState& row) {
  const Run& run = row.run;
  out.text(run.id.get());
  out.text(run.agent.get());
  out.number(static_cast<std::uint64_t>(run.status));
  out.number(run.attempt);
  out.number(run.input.size());
  out.id(run.head);
  out.id(run.place.message);
  out.id(run.continues);
  out.number(row.seq);
  out.number(row.ended_by_producer ? 1 : 0);
  out.text(row.claim);
  for (const std::string& call : row.cut_calls) out.text(call);
  out.time(run.started);
  out.time(run.ended);
  if (!run.resume) return;
  out.number(1 + static_cast<std::uint64_t>(run.resume->status));
  out.time(run.resume->until);
  out.id(run.resume->next);
  out.text(run.resume->why);
}

}  // namespace

Key key_of(const CallsWorld& world) {
  Writer out;
  const ThreadState& state = world.state;
  for (std::size_t at = 0; at < state.messages.size(); ++at) write(out, state.messages[at]);
  for (std::size_t at = 0; at < state.runs.size(); ++at) write(out, state.runs[at]);
  out.number(state.waiting.size());
  for (const std::uint32_t number : state.waiting) out.number(number);
  for (const std::uint32_t number : state.awaiting) out.number(number);
  for (const std::string& tool : state.thread.approved_tools) out.text(tool);
  out.id(state.thread.head);
  out.time(Timestamp(world.clock));
  for (const auto& [kind, times] : world.done) {
    out.number(static_cast<std::uint64_t>(kind));
    out.number(times);
  }
  const Hash hash = sha256(out.done());
  Key key;
  std::memcpy(&key.high, hash.data(), sizeof(key.high));
  std::memcpy(&key.low, hash.data() + sizeof(key.high), sizeof(key.low));
  if (key == Key{}) key.low = 1;
  return key;
}

}  // namespace lockstep::explore
