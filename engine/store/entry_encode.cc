// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "engine/store/content_codec.h"
#include "engine/store/entry_codec.h"

namespace lockstep {
namespace {

using packed::bytes_of;
using packed::count;
using packed::stored;

// Ids to numbers: first those of the state, then those that the entry brings.
template <class Id>
class Numbers {
 public:
  Numbers(const PersistentMap<Id, std::uint32_t>& known, std::size_t size)
      : known_(known), next_(count(size)) {
    MUST(known.size() == size);  // else a new id would get a number that is taken, or skip one
  }

  struct Given {
    std::uint32_t number = 0;
    bool fresh = false;
  };
  // The number of something that may be new.
  Given give(const Id& id) {
    if (const std::uint32_t* number = find(id)) return {*number, false};
    fresh_.emplace(id, next_);
    return {next_++, true};
  }

  [[nodiscard]] std::uint32_t of(const Id& id) const {
    const std::uint32_t* number = find(id);
    MUST(number != nullptr);
    return *number;
  }

  [[nodiscard]] std::uint32_t one_up(const std::optional<Id>& id) const {
    return id ? of(*id) + 1 : 0;
  }

 private:
  [[nodiscard]] const std::uint32_t* find(const Id& id) const {
    if (const std::uint32_t* number = known_.find(id)) return number;
    const auto fresh = fresh_.find(id);
    return fresh == fresh_.end() ? nullptr : &fresh->second;
  }

  const PersistentMap<Id, std::uint32_t>& known_;
  std::unordered_map<Id, std::uint32_t> fresh_;
  std::uint32_t next_;
};

struct Names {
  explicit Names(const ThreadState& before)
      : messages(before.message_numbers, before.messages.size()),
        runs(before.run_numbers, before.runs.size()) {}
  Numbers<MessageId> messages;
  Numbers<RunId> runs;
};

class EventWriter {
 public:
  EventWriter(schema::Event::Builder to, Names& names, Timestamp at)
      : to_(to), names_(names), at_(at) {}

  void operator()(const ThreadUpdated& event) {
    using Archived = schema::ThreadUpdated::Archived;
    auto stored_event = to_.initThreadUpdated();
    if (event.title) stored_event.setTitle(bytes_of(*event.title));
    if (event.metadata) stored_event.setMetadata(bytes_of(event.metadata->text));
    if (event.approved_tools) {
      packed::write(stored_event.initApprovedTools(count(event.approved_tools->size())),
                    *event.approved_tools);
    }
    if (event.archived) stored_event.setArchived(*event.archived ? Archived::YES : Archived::NO);
  }

  void operator()(const MessagePut& event) {
    const Message& message = event.message;
    auto put = to_.initMessagePut();
    // Before the message gets its number: a new message must not be its own parent.
    put.setParent(names_.messages.one_up(message.parent));
    put.setRun(names_.runs.one_up(message.run));
    const auto [number, fresh] = names_.messages.give(message.id);
    put.setNumber(number);
    if (fresh) put.setId(bytes_of(message.id.get()));
    put.setRole(stored<schema::Role>(packed::role_table, message.role));
    put.setStatus(stored<schema::MessageStatus>(packed::message_status_table, message.status));
    if (!message.parts.empty()) {
      packed::write(put.initParts(count(message.parts.size())), message.parts);
    }
    if (message.author) put.setAuthor(bytes_of(*message.author));
    if (message.metadata) put.setMetadata(bytes_of(message.metadata->text));
    if (message.usage) put.setUsage(bytes_of(message.usage->text));
    put.setCreatedBack(at_.get() - message.created.get());
    put.setUpdatedBack(at_.get() - message.updated.get());
    packed::write_finish(message.finish, [&] { return put.initFinish(); });
    put.setContinues(message.continues.has_value());
    packed::write_opaque(message.opaque, [&](std::uint32_t size) { return put.initOpaque(size); });
    if (!message.calls.empty()) {
      packed::write(put.initCalls(count(message.calls.size())), message.calls);
    }
  }

  void operator()(const MessageCreated& event) {
    auto created = to_.initMessageCreated();
    created.setParent(names_.messages.one_up(event.parent));
    created.setNumber(names_.messages.give(event.message).number);
    created.setId(bytes_of(event.message.get()));
    created.setRun(names_.runs.of(event.run));
    created.setRole(stored<schema::Role>(packed::role_table, event.role));
    if (event.author) created.setAuthor(bytes_of(*event.author));
    created.setContinues(event.continues.has_value());
  }

  void operator()(const PartStarted& event) {
    auto started = to_.initPartStarted();
    started.setMessage(names_.messages.of(event.message));
    started.setPart(event.part);
    packed::write(started.initValue(), event.value);
  }

  void operator()(const ContentAppended& event) {
    auto appended = to_.initContentAppended();
    appended.setMessage(names_.messages.of(event.message));
    appended.setPart(event.part);
    appended.setAt(event.at);
    appended.setText(bytes_of(event.text));
  }

  void operator()(const MessageEnded& event) {
    auto ended = to_.initMessageEnded();
    ended.setMessage(names_.messages.of(event.message));
    ended.setStatus(stored<schema::MessageStatus>(packed::message_status_table, event.status));
    if (event.usage) ended.setUsage(bytes_of(event.usage->text));
    packed::write_finish(event.finish, [&] { return ended.initFinish(); });
  }

  void operator()(const MessageCut& event) {
    auto cut = to_.initMessageCut();
    cut.setMessage(names_.messages.of(event.message));
    cut.setStatus(stored<schema::MessageStatus>(packed::message_status_table, event.status));
    if (event.keep.empty()) return;
    packed::write(cut.initKeep(count(event.keep.size())), event.keep);
  }

  void operator()(const MessageDeleted& event) {
    to_.setMessageDeleted(names_.messages.of(event.message));
  }

  void operator()(const HeadMoved& event) {
    auto moved = to_.initHeadMoved();
    moved.setHead(names_.messages.one_up(event.head));
    moved.setFrom(names_.messages.one_up(event.from));
  }

  void operator()(const RunQueued& event) {
    auto queued = to_.initRunQueued();
    queued.setNumber(names_.runs.give(event.run).number);
    queued.setAnchor(names_.messages.one_up(event.place.message));
    queued.setPlace(stored<schema::PlaceKind>(packed::place_kind_table, event.place.kind));
    queued.setRun(bytes_of(event.run.get()));
    queued.setAgent(bytes_of(event.agent.get()));
    if (!event.input.empty())
      packed::write(queued.initInput(count(event.input.size())), event.input);
    if (event.params) queued.setParams(bytes_of(event.params->text));
    queued.setContinues(names_.messages.one_up(event.continues));
    queued.setResumes(event.resumes);
  }

  void operator()(const RunStarted& event) {
    auto started = to_.initRunStarted();
    started.setRun(names_.runs.of(event.run));
    started.setAttempt(event.attempt);
    started.setHead(names_.messages.one_up(event.head));
    started.setSettings(bytes_of(event.settings));
    if (event.model) started.setModel(bytes_of(*event.model));
  }

  void operator()(const RunEnded& event) {
    auto ended = to_.initRunEnded();
    ended.setRun(names_.runs.of(event.run));
    ended.setStatus(stored<schema::RunStatus>(packed::run_status_table, event.status));
    if (event.error) packed::write(ended.initError(), *event.error);
    if (event.usage) ended.setUsage(bytes_of(event.usage->text));
    packed::write_finish(event.finish, [&] { return ended.initFinish(); });
  }

  void operator()(const RepairsNoted& event) {
    auto noted = to_.initRepairsNoted();
    noted.setRun(names_.runs.of(event.run));
    if (event.repairs.empty()) return;
    packed::write(noted.initRepairs(count(event.repairs.size())), event.repairs);
  }

  void operator()(const OpaqueNoted& event) {
    auto noted = to_.initOpaqueNoted();
    noted.setMessage(names_.messages.of(event.message));
    packed::write(noted.initData(), event.data);
  }

  void operator()(const AttemptStarted& event) {
    auto started = to_.initAttemptStarted();
    started.setRun(names_.runs.of(event.run));
    started.setAttempt(event.attempt);
    started.setAgent(bytes_of(event.agent.get()));
    if (event.model) started.setModel(bytes_of(*event.model));
    started.setSettings(bytes_of(event.settings));
    if (!event.claim.empty()) started.setClaim(bytes_of(event.claim));
    if (event.error) packed::write(started.initError(), *event.error);
  }

  void operator()(const CallNoted& event) {
    auto noted = to_.initCallNoted();
    noted.setMessage(names_.messages.of(event.message));
    packed::write(noted.initNote(), event.note);
  }

  void operator()(const ResumeNoted& event) {
    auto noted = to_.initResumeNoted();
    noted.setRun(names_.runs.of(event.run));
    packed::write(noted.initResume(), event.resume);
  }

 private:
  schema::Event::Builder to_;
  Names& names_;
  Timestamp at_;
};

// The append of an entry that has nothing else; null for any other entry.
const ContentAppended* lone_append(const Entry& entry) {
  const bool alone = entry.events.size() == 1 && entry.acks.empty() && !entry.origin;
  return alone ? std::get_if<ContentAppended>(&entry.events.front()) : nullptr;
}

void write_offset(schema::Entry::Builder to, const Entry& entry, const Names& names,
                  const std::optional<RunId>& author) {
  if (!entry.producer) {
    to.setMark(schema::Entry::Mark::NONE);
    return;
  }
  to.setAttempt(entry.producer->attempt);
  to.setSeq(entry.producer->seq);
  // `author` is the zero of `mark`: with it a token's entry stores neither the kind nor the run.
  if (entry.producer->run == author) return;
  to.setMark(schema::Entry::Mark::RUN);
  to.setRun(names.runs.of(entry.producer->run));
}

void write_append(schema::Entry::Builder to, const Entry& entry, const ThreadState& before,
                  const ContentAppended& append) {
  const Names names(before);
  const std::uint32_t number = names.messages.of(append.message);
  MUST(number < before.messages.size());  // an entry that brings no message names an older one
  to.setMessage(number);
  to.setPart(append.part);
  to.setAt(append.at);
  to.setText(bytes_of(append.text));
  write_offset(to, entry, names, before.messages[number].message.run);
}

void write_events(schema::Entry::Builder to, const Entry& entry, const ThreadState& before) {
  Names names(before);
  to.setShape(schema::Entry::Shape::EVENTS);
  if (!entry.events.empty()) {
    auto events = to.initEvents(count(entry.events.size()));
    for (std::uint32_t place = 0; place < events.size(); ++place) {
      std::visit(EventWriter(events[place], names, entry.at), entry.events[place]);
    }
  }
  if (!entry.acks.empty()) {
    auto acks = to.initAcks(count(entry.acks.size()));
    for (std::uint32_t place = 0; place < acks.size(); ++place) {
      const Ack& ack = entry.acks[place];
      packed::write(acks[place], ack, entry.at);
      acks[place].setUser(bytes_of(ack.user.get()));
      acks[place].setDevice(bytes_of(ack.device.get()));
    }
  }
  if (entry.origin) {
    auto origin = to.initOrigin();
    origin.setThread(bytes_of(entry.origin->thread.get()));
    origin.setOwner(bytes_of(entry.origin->owner.get()));
  }
  write_offset(to, entry, names, std::nullopt);
}

}  // namespace

std::string encode(const Entry& entry, const ThreadState& before) {
  MUST(entry.at > entry.previous);
  // A token's entry fits in here, so it needs no memory of the heap.
  capnp::word first[32] = {};
  capnp::MallocMessageBuilder message(kj::arrayPtr(first, std::size(first)));
  auto to = message.initRoot<schema::Entry>();
  if (entry.previous != Timestamp()) to.setSince(entry.at.get() - entry.previous.get());
  if (const ContentAppended* append = lone_append(entry)) {
    write_append(to, entry, before, *append);
  } else {
    write_events(to, entry, before);
  }
  return packed::pack(to);
}

}  // namespace lockstep
