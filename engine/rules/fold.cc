// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/fold.h"

#include <algorithm>
#include <ranges>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace lockstep {
namespace {

std::vector<Units> lengths_of(const Parts& parts) {
  std::vector<Units> lengths;
  lengths.reserve(parts.size());
  for (const Part& part : parts) {
    const std::string* text = growing_text(part);
    lengths.push_back(text ? units_of(*text) : 0);
  }
  return lengths;
}

// Cuts a part of `length` units to its first `units`. A shorter part stays as it is.
void cut(Part& part, Units& length, Units units) {
  std::string* text = growing_text(part);
  if (!text || units >= length) return;
  text->resize(byte_at(*text, units, length));
  length = units;
}

class Folder {
 public:
  Folder(ThreadState& state, Timestamp at) : state_(state), at_(at) {}

  void operator()(const ThreadUpdated& event) {
    if (event.title) state_.thread.title = *event.title;
    if (event.title) state_.titled = true;
    if (event.archived) state_.thread.archived = *event.archived;
    if (event.metadata) state_.thread.metadata = *event.metadata;
    if (event.approved_tools) state_.thread.approved_tools = *event.approved_tools;
    touch_thread();
  }

  void operator()(const MessagePut& event) {
    const std::uint32_t* number = state_.message_numbers.find(event.message.id);
    MessageState row{event.message, lengths_of(event.message.parts), at_,
                     static_cast<std::uint32_t>(event.message.parts.size()), false};
    row.message.updated = at_;
    if (!number) {
      row.message.created = at_;
      add(std::move(row));
      return;
    }
    MessageState& former = state_.messages.edit(*number);
    row.message.created = former.message.created;
    former = std::move(row);
  }

  void operator()(const MessageCreated& event) {
    MessageState row;
    row.message = {.id = event.message,
                   .parent = event.parent,
                   .role = event.role,
                   .author = event.author,
                   .run = event.run,
                   .parts = {},
                   .status = MessageStatus::open,
                   .created = at_,
                   .updated = at_,
                   .usage = {},
                   .metadata = {},
                   .continues = event.continues};
    row.whole = at_;
    const auto number = static_cast<std::uint32_t>(state_.messages.size());
    edit_run(event.run).messages.push_back(number);
    add(std::move(row));
  }

  void operator()(const PartStarted& event) {
    MessageState& row = edit(event.message);
    MUST(event.part == row.message.parts.size() && event.part == row.lengths.size());
    row.message.parts.edit().push_back(event.value);
    // A message that has ended gets only one kind of part: results for unanswered tool calls, which
    // its author did not write.
    if (row.message.status == MessageStatus::open) row.written = event.part + 1;
    const std::string* text = growing_text(event.value);
    row.lengths.push_back(text ? units_of(*text) : 0);
  }

  void operator()(const ContentAppended& event) {
    MessageState& row = edit(event.message);
    std::vector<Part>& parts = row.message.parts.edit();
    if (event.part == parts.size()) {
      parts.emplace_back(TextPart{});
      row.lengths.push_back(0);
      row.written = event.part + 1;
    }
    MUST(event.part < parts.size() && parts.size() == row.lengths.size());
    Part& part = parts[event.part];
    // Compare by offset, not by content: a model may repeat a word, and the repeated word would
    // look like one that was delivered twice.
    cut(part, row.lengths[event.part], event.at);
    MUST(row.lengths[event.part] == event.at);
    std::string* text = growing_text(part);
    MUST(text != nullptr);
    *text += event.text;
    row.lengths[event.part] += units_of(event.text);
  }

  void operator()(const MessageEnded& event) {
    MessageState& row = edit(event.message);
    row.message.status = event.status;
    if (event.usage) row.message.usage = event.usage;
    row.message.finish = event.finish;
  }

  void operator()(const MessageCut& event) {
    MessageState& row = edit(event.message);
    MUST(event.keep.size() <= row.message.parts.size());
    remember_cut_calls(row, event.keep.size());
    keep_beside(row, event.keep);
    std::vector<Part>& parts = row.message.parts.edit();
    parts.resize(event.keep.size());
    row.lengths.resize(event.keep.size());
    row.written = std::min(row.written, static_cast<std::uint32_t>(event.keep.size()));
    for (std::size_t part = 0; part < event.keep.size(); ++part) {
      cut(parts[part], row.lengths[part], event.keep[part]);
    }
    MUST(row.lengths.size() == row.message.parts.size());
    row.message.status = event.status;
  }

  void operator()(const MessageDeleted& event) {
    MessageState& row = edit(event.message);
    MUST(!row.deleted);
    row.deleted = true;
    row.lengths.clear();
    row.written = 0;
    row.message.parts.clear();
    row.message.author.reset();
    row.message.usage.reset();
    row.message.metadata.reset();
    row.message.finish = {};
    row.message.continues.reset();
    row.message.opaque = {};
    row.message.calls.clear();
  }

  void operator()(const HeadMoved& event) {
    state_.thread.head = event.head;
    touch_thread();
  }

  void operator()(const RunQueued& event) {
    const auto number = static_cast<std::uint32_t>(state_.runs.size());
    RunState row;
    row.run.id = event.run;
    row.run.agent = event.agent;
    row.run.input = event.input;
    row.run.place = event.place;
    row.run.params = event.params;
    row.run.continues = event.continues;
    if (event.resumes) row.run.resume.emplace();
    row.run.queued = at_;
    row.updated = at_;
    MUST(!state_.run_numbers.find(event.run));
    state_.runs.add(std::move(row));
    state_.run_numbers.edit(event.run) = number;
    state_.waiting.push_back(number);
    touch_thread();
  }

  void operator()(const RunStarted& event) {
    MUST(!state_.running);
    RunState& row = edit_run(event.run);
    row.run.status = RunStatus::running;
    row.run.attempt = event.attempt;
    row.run.input.clear();
    row.run.head = event.head;
    row.run.context_ts = at_;
    row.run.settings = event.settings;
    row.run.started = at_;
    row.run.model = event.model;
    row.updated = at_;
    const std::uint32_t number = *state_.run_numbers.find(event.run);
    std::erase(state_.waiting, number);
    state_.running = number;
    state_.thread.running = true;
    touch_thread();
  }

  void operator()(const RunEnded& event) {
    RunState& row = edit_run(event.run);
    // A stop by the user drops the input of a queued run. Every other end keeps it, so that the
    // user can send it again.
    if (row.run.status == RunStatus::queued && event.status == RunStatus::stopped) {
      row.run.input.clear();
    }
    row.run.status = event.status;
    row.run.ended = at_;
    row.run.error = event.error;
    row.run.usage = event.usage;
    row.run.finish_reason = event.finish.reason;
    if (event.finish.model) row.run.model = event.finish.model;
    row.updated = at_;
    const std::uint32_t number = *state_.run_numbers.find(event.run);
    std::erase(state_.waiting, number);
    if (state_.running == number) {
      state_.running.reset();
      state_.thread.running = false;
    }
    touch_thread();
  }

  void operator()(const RepairsNoted& event) {
    RunState& row = edit_run(event.run);
    row.run.repairs = event.repairs;
    row.updated = at_;
  }

  void operator()(const OpaqueNoted& event) {
    const std::uint32_t* number = state_.message_numbers.find(event.message);
    MUST(number != nullptr);
    state_.messages.edit(*number).message.opaque.put(event.data);
  }

  void operator()(const AttemptStarted& event) {
    RunState& row = edit_run(event.run);
    row.run.attempt = event.attempt;
    row.run.agent = event.agent;
    row.run.model = event.model;
    row.run.settings = event.settings;
    row.run.repairs.clear();  // of the former attempt's request
    row.claim = event.claim;
    row.seq = 0;
    row.updated = at_;
  }

  void operator()(const CallNoted& event) {
    std::vector<CallNote>& calls = edit(event.message).message.calls;
    const auto place = std::ranges::lower_bound(calls, event.note.part, {}, &CallNote::part);
    if (place != calls.end() && place->part == event.note.part) {
      *place = event.note;
    } else {
      calls.insert(place, event.note);
    }
  }

  void operator()(const ResumeNoted& event) {
    RunState& row = edit_run(event.run);
    row.run.resume = event.resume;
    row.updated = at_;
    const std::uint32_t number = *state_.run_numbers.find(event.run);
    std::erase(state_.awaiting, number);
    if (event.resume.status == ResumeStatus::waiting) state_.awaiting.push_back(number);
  }

 private:
  void touch_thread() { state_.thread.updated = at_; }

  // A parent is older than its child: walks up the tree rely on it, and therefore end.
  void add(MessageState row) {
    MUST(!row.message.parent || state_.message_numbers.find(*row.message.parent));
    MUST(!state_.message_numbers.find(row.message.id));
    const auto number = static_cast<std::uint32_t>(state_.messages.size());
    state_.message_numbers.edit(row.message.id) = number;
    state_.messages.add(std::move(row));
  }

  MessageState& edit(const MessageId& id) {
    const std::uint32_t* number = state_.message_numbers.find(id);
    MUST(number != nullptr);
    MessageState& row = state_.messages.edit(*number);
    row.message.updated = at_;
    return row;
  }

  RunState& edit_run(const RunId& id) {
    const std::uint32_t* number = state_.run_numbers.find(id);
    MUST(number != nullptr);
    return state_.runs.edit(*number);
  }

  // What stays whole keeps its opaque data and its note.
  static void keep_beside(MessageState& row, const std::vector<Units>& keep) {
    const auto is_whole = [&](std::size_t part) {
      return part < keep.size() &&
             (!growing_text(row.message.parts[part]) || keep[part] >= row.lengths[part]);
    };
    const bool all =
        std::ranges::all_of(std::views::iota(std::size_t{0}, row.message.parts.size()), is_whole);
    row.message.opaque.keep(
        [&](const std::optional<std::uint32_t>& part) { return part ? is_whole(*part) : all; });
    std::erase_if(row.message.calls, [&](const CallNote& note) { return !is_whole(note.part); });
  }

  // The run's state keeps them, because the next answer to the producer says which calls not to
  // run.
  void remember_cut_calls(const MessageState& row, std::size_t kept) {
    if (!row.message.run) return;
    for (std::size_t part = kept; part < row.message.parts.size(); ++part) {
      const auto* call = std::get_if<ToolCallPart>(&row.message.parts[part]);
      if (call) edit_run(*row.message.run).cut_calls.push_back(call->id);
    }
  }

  ThreadState& state_;
  Timestamp at_;
};

void remember(ThreadState& state, const Ack& ack, Timestamp at) {
  MUST(ack.outcome.op.has_value());
  DeviceMemory& memory = state.devices.edit({ack.user, ack.device});
  const auto place = std::ranges::upper_bound(memory.acks, *ack.outcome.op, {},
                                              [](const Ack& known) { return *known.outcome.op; });
  Ack kept = ack;
  kept.outcome.at = at;
  memory.acks.insert(place, std::move(kept));
  if (memory.acks.size() > limits::ops_remembered) memory.acks.pop_front();
}

}  // namespace

void fold(ThreadState& state, const Event& event, Timestamp at) {
  MUST(at > state.now);
  Folder folder(state, at);
  std::visit(folder, event);
}

void fold(ThreadState& state, const Entry& entry) {
  MUST(entry.at > state.now);
  MUST(entry.previous == state.now);
  if (entry.origin) {
    state.thread.id = entry.origin->thread;
    state.owner = entry.origin->owner;
    state.thread.created = entry.at;
    state.thread.updated = entry.at;
  }
  for (const Event& event : entry.events) fold(state, event, entry.at);
  for (const Ack& ack : entry.acks) remember(state, ack, entry.at);
  if (entry.producer) {
    const std::uint32_t* number = state.run_numbers.find(entry.producer->run);
    MUST(number != nullptr);
    RunState& row = state.runs.edit(*number);
    row.seq = entry.producer->seq;
    // Steps and changes never share an entry: an end in this entry is the producer's own.
    if (row.run.ended == entry.at) row.ended_by_producer = true;
  }
  state.now = entry.at;
}

}  // namespace lockstep
