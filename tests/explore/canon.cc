// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/canon.h"

#include <algorithm>
#include <cstring>

#include "engine/base/must.h"
#include "engine/rules/digest.h"

namespace lockstep::explore {
namespace {

// Bytes with holes for timestamps.
class Writer {
 public:
  void number(std::uint64_t value) {
    MUST(value < 256);
    bytes_ += static_cast<char>(value);
  }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void time(Timestamp value) {
    holes_.emplace_back(bytes_.size(), value);
    bytes_ += '\0';
  }
  template <class T, class Write>
  void option(const std::optional<T>& value, Write write) {
    number(value.has_value() ? 1 : 0);
    if (value) write(*value);
  }
  void time(const std::optional<Timestamp>& value) {
    option(value, [&](Timestamp there) { time(there); });
  }
  template <class Tag>
  void id(const Strong<Tag, std::string>& value) {
    text(value.get());
  }
  template <class Tag>
  void id(const std::optional<Strong<Tag, std::string>>& value) {
    option(value, [&](const auto& there) { text(there.get()); });
  }

  // `ranks`: the timestamps that differ for the rules, in order; all before them count as one.
  std::string done(const std::vector<Timestamp>& ranks) {
    for (const auto& [at, time] : holes_) {
      const auto rank = std::ranges::upper_bound(ranks, time) - ranks.begin();
      MUST(rank < 256);
      bytes_[at] = static_cast<char>(rank);
    }
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  std::vector<std::pair<std::size_t, Timestamp>> holes_;
};

void write(Writer& out, const Place& place) {
  out.number(static_cast<std::uint64_t>(place.kind));
  out.id(place.message);
}

void write(Writer& out, const std::vector<MessageInput>& input) {
  out.number(input.size());
  for (const MessageInput& each : input) out.id(each.id);  // the id determines the text
}

void write(Writer& out, const Message& message) {
  out.id(message.id);
  out.id(message.parent);
  out.id(message.run);
  out.number(message.parts.size());
  out.text(content_of(message));
  out.number(static_cast<std::uint64_t>(message.status));
  out.time(message.created);
  out.time(message.updated);
}

void write(Writer& out, const MessageState& row) {
  write(out, row.message);
  out.time(row.whole);
  out.number(row.written);
}

void write(Writer& out, const RunState& row) {
  const Run& run = row.run;
  out.id(run.id);
  out.number(static_cast<std::uint64_t>(run.status));
  write(out, run.input);
  write(out, run.place);
  out.id(run.head);
  out.time(run.context_ts);
  out.time(run.queued);
  out.time(run.started);
  out.time(run.ended);
  out.time(row.updated);
  out.number(row.seq);
  out.number(row.ended_by_producer ? 1 : 0);
}

void write(Writer& out, const ThreadState& state) {
  out.time(state.now);
  out.text(state.thread.title);
  out.id(state.thread.head);
  out.time(state.thread.created);
  out.time(state.thread.updated);
  out.number(state.messages.size());
  for (std::size_t at = 0; at < state.messages.size(); ++at) write(out, state.messages[at]);
  out.number(state.runs.size());
  for (std::size_t at = 0; at < state.runs.size(); ++at) write(out, state.runs[at]);
  out.number(state.waiting.size());
  for (const std::uint32_t number : state.waiting) out.number(number);
}

// An event without the kinds that no front or producer of ours causes.
class EventWriter {
 public:
  explicit EventWriter(Writer& out) : out_(out) {}

  void operator()(const ThreadUpdated& event) { out_.text(event.title.value_or("")); }
  void operator()(const MessagePut& event) { write(out_, event.message); }
  void operator()(const MessageCreated& event) {
    out_.id(event.message);
    out_.id(event.parent);
    out_.id(event.continues);
    out_.id(event.run);
  }
  void operator()(const PartStarted& event) {
    out_.id(event.message);
    out_.text(*growing_text(event.value));
  }
  void operator()(const ContentAppended& event) {
    out_.id(event.message);
    out_.number(event.at);
    out_.text(event.text);
  }
  void operator()(const MessageEnded& event) {
    out_.id(event.message);
    out_.number(static_cast<std::uint64_t>(event.status));
  }
  void operator()(const MessageCut& event) {
    out_.id(event.message);
    out_.number(event.keep.size());
    for (const Units units : event.keep) out_.number(units);
    out_.number(static_cast<std::uint64_t>(event.status));
  }
  void operator()(const MessageDeleted& event) { out_.id(event.message); }
  void operator()(const HeadMoved& event) {
    out_.id(event.head);
    out_.id(event.from);
  }
  void operator()(const RunQueued& event) {
    out_.id(event.run);
    write(out_, event.input);
    write(out_, event.place);
    out_.id(event.continues);
  }
  void operator()(const RunStarted& event) {
    out_.id(event.run);
    out_.id(event.head);
  }
  void operator()(const RunEnded& event) {
    out_.id(event.run);
    out_.number(static_cast<std::uint64_t>(event.status));
  }
  void operator()(const RepairsNoted& event) {
    out_.id(event.run);
    out_.number(event.repairs.size());
  }
  void operator()(const OpaqueNoted& event) {
    out_.id(event.message);
    out_.number(event.data.part.value_or(0));
  }
  void operator()(const AttemptStarted& event) {
    out_.id(event.run);
    out_.number(event.attempt);
  }
  void operator()(const CallNoted& event) {
    out_.id(event.message);
    out_.number(event.note.part);
    out_.number(static_cast<std::uint64_t>(event.note.status));
  }
  void operator()(const ResumeNoted& event) {
    out_.id(event.run);
    out_.number(static_cast<std::uint64_t>(event.resume.status));
    out_.id(event.resume.next);
    out_.text(event.resume.why);
  }

 private:
  Writer& out_;
};

void write(Writer& out, const Entry& entry) {
  out.time(entry.at);
  out.number(entry.events.size());
  for (const Event& event : entry.events) {
    out.number(event.index());
    EventWriter writer(out);
    std::visit(writer, event);
  }
  out.option(entry.producer, [&](const ProducerOffset& mark) { out.number(mark.seq); });
}

void write(Writer& out, const Outcome& outcome) {
  out.number(static_cast<std::uint64_t>(outcome.type));
  out.number(outcome.applied ? 1 : 0);
  out.text(outcome.code);
  out.time(outcome.at);
  out.id(outcome.run);
}

void write(Writer& out, const Texts& texts) {
  out.number(texts.size());
  for (const auto& [id, text] : texts) {
    out.id(id);
    out.text(text);
  }
}

// Of an answered request only its remembered op matters: it may come again.
void write(Writer& out, const Front& front) {
  out.time(front.cursor);
  out.number(front.stops);
  if (!front.asked) return;
  for (const Outcome& outcome : front.asked->outcomes) write(out, outcome);
}

void write(Writer& out, const Producer& producer) {
  out.id(producer.run);
  out.number(producer.said.size());
  for (const Saying saying : producer.said) out.number(static_cast<std::uint64_t>(saying));
}

}  // namespace

Key key_of(const World& world) {
  Writer shared;
  write(shared, world.moments.front()->state);
  std::vector<Timestamp> ranks;
  for (std::size_t at = 1; at < world.moments.size(); ++at) {
    const Entry& entry = world.moments[at]->entry;
    if (entry.events.empty()) continue;  // a memory: a front that saw it saw the state before it
    ranks.push_back(entry.at);
    write(shared, entry);
  }
  shared.number(ranks.size());
  const auto running = world.now().running;
  // Steps for a run that is over are never compared again: each is known or too late.
  if (running && world.producer.run == world.now().runs[*running].run.id) {
    write(shared, world.producer);
  } else {
    shared.number(0);
  }
  write(shared, world.settled);
  shared.number(world.runs);
  shared.number(world.puts);
  Writer each[fronts];
  for (std::size_t at = 0; at < fronts; ++at) {
    write(each[at], world.front[at]);
  }
  std::string bytes = shared.done(ranks);
  std::string one = each[0].done(ranks);
  std::string other = each[1].done(ranks);
  if (other < one) std::swap(one, other);
  bytes += one;
  bytes += '\0';
  bytes += other;
  const Hash hash = sha256(bytes);
  Key key;
  std::memcpy(&key.high, hash.data(), sizeof(key.high));
  std::memcpy(&key.low, hash.data() + sizeof(key.high), sizeof(key.low));
  if (key == Key{}) key.low = 1;
  return key;
}

}  // namespace lockstep::explore
