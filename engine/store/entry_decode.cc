// SPDX-License-Identifier: Apache-2.0
#include <unordered_set>

#include "engine/store/content_codec.h"
#include "engine/store/entry_codec.h"

namespace lockstep {
namespace {

using packed::Damage;
using packed::id;
using packed::optional_json;
using packed::optional_text;
using packed::text;
using packed::value_of;

// Numbers to ids: those of the state's messages or runs (`Held`), and behind them those that the
// entry brought.
template <class Id, class Held>
class Ids {
 public:
  Ids(const PersistentVector<Held>& held, const PersistentMap<Id, std::uint32_t>& numbers,
      Damage& damage)
      : held_(held), numbers_(numbers), damage_(damage) {}

  // Takes a new id of the entry. A state that is later than the entry knows the id already, under
  // the same number.
  void bring(std::uint32_t number, const Id& fresh) {
    const std::uint32_t* known = numbers_.find(fresh);
    if (known) {
      if (*known != number) damage_.corrupt("a new id is known already");
      return;
    }
    if (number != held_.size() + fresh_.size()) damage_.corrupt("a new number is out of turn");
    if (!fresh_ids_.insert(fresh).second) damage_.corrupt("a new id comes twice");
    fresh_.push_back(fresh);
  }

  [[nodiscard]] Id of(std::uint32_t number) const {
    if (number < held_.size()) return id_of(held_[number]);
    if (number - held_.size() < fresh_.size()) return fresh_[number - held_.size()];
    damage_.corrupt("nothing has the number " + std::to_string(number));
    return {};
  }

  [[nodiscard]] std::optional<Id> one_down(std::uint32_t number) const {
    return number == 0 ? std::nullopt : std::optional(of(number - 1));
  }

 private:
  static const MessageId& id_of(const MessageState& row) { return row.message.id; }
  static const RunId& id_of(const RunState& row) { return row.run.id; }

  const PersistentVector<Held>& held_;
  const PersistentMap<Id, std::uint32_t>& numbers_;
  std::vector<Id> fresh_;
  std::unordered_set<Id> fresh_ids_;
  Damage& damage_;
};

class EntryReader {
 public:
  EntryReader(Timestamp at, const ThreadState& state, Damage& damage)
      : at_(at),
        state_(state),
        damage_(damage),
        messages_(state.messages, state.message_numbers, damage),
        runs_(state.runs, state.run_numbers, damage) {
    MUST(state.messages.size() == state.message_numbers.size());
    MUST(state.runs.size() == state.run_numbers.size());
  }

  Entry read(schema::Entry::Reader from) {
    Entry entry;
    if (from.getNeeds() > entry_version) {
      damage_.unsupported("the entry needs version " + std::to_string(from.getNeeds()) +
                          "; this program knows versions up to " + std::to_string(entry_version));
      return entry;
    }
    entry.at = at_;
    if (from.getSince() >= at_.get())
      damage_.corrupt("the entry before would have a timestamp of 0 or less");
    if (from.getSince() != 0) entry.previous = Timestamp(at_.get() - from.getSince());
    switch (from.getShape()) {
      case schema::Entry::Shape::APPEND:
        read_append(entry, from);
        return entry;
      case schema::Entry::Shape::EVENTS:
        read_events(entry, from);
        return entry;
    }
    damage_.unsupported("the entry is of an unknown shape");
    return entry;
  }

 private:
  void read_append(Entry& entry, schema::Entry::Reader from) {
    entry.events.emplace_back(ContentAppended{.message = messages_.of(from.getMessage()),
                                              .part = from.getPart(),
                                              .at = from.getAt(),
                                              .text = text(from.getText(), damage_)});
    if (damage_.found()) return;
    MUST(from.getMessage() < state_.messages.size());  // an append brings no message of its own
    read_offset(entry, from, state_.messages[from.getMessage()].message.run);
  }

  void read_events(Entry& entry, schema::Entry::Reader from) {
    for (const schema::Event::Reader event : from.getEvents()) {
      entry.events.push_back(read(event));
      // Behind a damaged event numbers may mean other messages than the writer's.
      if (damage_.found()) return;
    }
    for (const schema::Ack::Reader stored : from.getAcks()) {
      Ack ack = packed::read(stored, at_, damage_);
      ack.user = UserId(text(stored.getUser(), damage_));
      ack.device = DeviceId(text(stored.getDevice(), damage_));
      entry.acks.push_back(std::move(ack));
      if (damage_.found()) return;
    }
    if (from.hasOrigin()) {
      const auto origin = from.getOrigin();
      entry.origin = Origin{ThreadId(id(origin.getThread(), damage_)),
                            UserId(text(origin.getOwner(), damage_))};
    }
    read_offset(entry, from, std::nullopt);
  }

  void read_offset(Entry& entry, schema::Entry::Reader from, const std::optional<RunId>& author) {
    switch (from.getMark()) {
      case schema::Entry::Mark::NONE:
        return;
      case schema::Entry::Mark::AUTHOR:
        if (!author) {
          damage_.corrupt("the entry has steps of the message's run, but the message has no run");
          return;
        }
        entry.producer = ProducerOffset{*author, from.getAttempt(), from.getSeq()};
        return;
      case schema::Entry::Mark::RUN:
        entry.producer = ProducerOffset{runs_.of(from.getRun()), from.getAttempt(), from.getSeq()};
        return;
    }
    damage_.unsupported("the entry has an unknown kind of producer's offset");
  }

  Event read(schema::Event::Reader from) {
    switch (from.which()) {
      case schema::Event::CONTENT_APPENDED:
        return read(from.getContentAppended());
      case schema::Event::PART_STARTED: {
        const auto event = from.getPartStarted();
        return PartStarted{messages_.of(event.getMessage()), event.getPart(),
                           packed::read(event.getValue(), damage_)};
      }
      case schema::Event::MESSAGE_CREATED:
        return read(from.getMessageCreated());
      case schema::Event::MESSAGE_ENDED:
        return read(from.getMessageEnded());
      case schema::Event::MESSAGE_CUT:
        return read(from.getMessageCut());
      case schema::Event::MESSAGE_DELETED:
        return MessageDeleted{messages_.of(from.getMessageDeleted())};
      case schema::Event::HEAD_MOVED: {
        const auto event = from.getHeadMoved();
        return HeadMoved{messages_.one_down(event.getHead()), messages_.one_down(event.getFrom())};
      }
      case schema::Event::MESSAGE_PUT:
        return read(from.getMessagePut());
      case schema::Event::THREAD_UPDATED:
        return read(from.getThreadUpdated());
      case schema::Event::RUN_QUEUED:
        return read(from.getRunQueued());
      case schema::Event::RUN_STARTED:
        return read(from.getRunStarted());
      case schema::Event::RUN_ENDED:
        return read(from.getRunEnded());
      case schema::Event::REPAIRS_NOTED: {
        const auto event = from.getRepairsNoted();
        return RepairsNoted{runs_.of(event.getRun()), packed::read(event.getRepairs(), damage_)};
      }
      case schema::Event::OPAQUE_NOTED: {
        const auto event = from.getOpaqueNoted();
        return OpaqueNoted{messages_.of(event.getMessage()),
                           packed::read(event.getData(), damage_)};
      }
      case schema::Event::ATTEMPT_STARTED:
        return read(from.getAttemptStarted());
      case schema::Event::CALL_NOTED: {
        const auto event = from.getCallNoted();
        return CallNoted{messages_.of(event.getMessage()), packed::read(event.getNote(), damage_)};
      }
      case schema::Event::RESUME_NOTED: {
        const auto event = from.getResumeNoted();
        return ResumeNoted{runs_.of(event.getRun()), packed::read(event.getResume(), damage_)};
      }
    }
    damage_.unsupported("an event is of the unknown kind " +
                        std::to_string(static_cast<unsigned>(from.which())));
    return MessageDeleted{};
  }

  Event read(schema::Event::ContentAppended::Reader from) {
    return ContentAppended{messages_.of(from.getMessage()), from.getPart(), from.getAt(),
                           text(from.getText(), damage_)};
  }

  Event read(schema::Event::MessageEnded::Reader from) {
    return MessageEnded{messages_.of(from.getMessage()),
                        value_of(packed::message_status_table, from.getStatus(), damage_),
                        optional_json(from.hasUsage(), from.getUsage(), damage_),
                        packed::read(from.getFinish(), damage_)};
  }

  Event read(schema::Event::MessageCreated::Reader from) {
    MessageCreated event;
    event.parent = messages_.one_down(from.getParent());
    event.message = MessageId(id(from.getId(), damage_));
    messages_.bring(from.getNumber(), event.message);
    event.role = value_of(packed::role_table, from.getRole(), damage_);
    event.author = optional_text(from.hasAuthor(), from.getAuthor(), damage_);
    event.run = runs_.of(from.getRun());
    event.continues = continued(from.getContinues(), event.parent);
    return event;
  }

  // A message continues its parent, so only the fact is stored.
  std::optional<MessageId> continued(bool continues, const std::optional<MessageId>& parent) {
    if (!continues) return {};
    if (!parent) damage_.corrupt("a message without a parent continues it");
    return parent;
  }

  Event read(schema::Event::MessageCut::Reader from) {
    return MessageCut{messages_.of(from.getMessage()), packed::read(from.getKeep()),
                      value_of(packed::message_status_table, from.getStatus(), damage_)};
  }

  Event read(schema::MessagePut::Reader from) {
    Message message;
    message.parent = messages_.one_down(from.getParent());
    message.run = runs_.one_down(from.getRun());
    if (from.hasId()) {
      message.id = MessageId(id(from.getId(), damage_));
      messages_.bring(from.getNumber(), message.id);
    } else {
      message.id = messages_.of(from.getNumber());  // it replaces an older message
    }
    message.role = value_of(packed::role_table, from.getRole(), damage_);
    message.status = value_of(packed::message_status_table, from.getStatus(), damage_);
    message.parts = packed::read(from.getParts(), damage_);
    message.author = optional_text(from.hasAuthor(), from.getAuthor(), damage_);
    message.metadata = optional_json(from.hasMetadata(), from.getMetadata(), damage_);
    message.usage = optional_json(from.hasUsage(), from.getUsage(), damage_);
    message.created = Timestamp(at_.get() - from.getCreatedBack());
    message.updated = Timestamp(at_.get() - from.getUpdatedBack());
    message.finish = packed::read(from.getFinish(), damage_);
    message.continues = continued(from.getContinues(), message.parent);
    message.opaque = packed::read(from.getOpaque(), damage_);
    message.calls = packed::read(from.getCalls(), damage_);
    return MessagePut{std::move(message)};
  }

  Event read(schema::ThreadUpdated::Reader from) {
    ThreadUpdated event;
    event.title = optional_text(from.hasTitle(), from.getTitle(), damage_);
    event.metadata = optional_json(from.hasMetadata(), from.getMetadata(), damage_);
    if (from.hasApprovedTools()) {
      event.approved_tools = packed::read(from.getApprovedTools(), damage_);
    }
    switch (from.getArchived()) {
      case schema::ThreadUpdated::Archived::SAME:
        return event;
      case schema::ThreadUpdated::Archived::NO:
        event.archived = false;
        return event;
      case schema::ThreadUpdated::Archived::YES:
        event.archived = true;
        return event;
    }
    damage_.unsupported("a thread is neither archived nor not");
    return event;
  }

  Event read(schema::RunQueued::Reader from) {
    RunQueued event;
    event.run = RunId(id(from.getRun(), damage_));
    runs_.bring(from.getNumber(), event.run);
    event.agent = AgentName(text(from.getAgent(), damage_));
    event.input = packed::read(from.getInput(), damage_);
    event.place.kind = value_of(packed::place_kind_table, from.getPlace(), damage_);
    event.place.message = messages_.one_down(from.getAnchor());
    event.params = optional_json(from.hasParams(), from.getParams(), damage_);
    event.continues = messages_.one_down(from.getContinues());
    event.resumes = from.getResumes();
    return event;
  }

  Event read(schema::RunStarted::Reader from) {
    return RunStarted{.run = runs_.of(from.getRun()),
                      .attempt = from.getAttempt(),
                      .head = messages_.one_down(from.getHead()),
                      .model = optional_text(from.hasModel(), from.getModel(), damage_),
                      .settings = packed::hash(from.getSettings(), damage_)};
  }

  Event read(schema::AttemptStarted::Reader from) {
    AttemptStarted event;
    event.run = runs_.of(from.getRun());
    event.attempt = from.getAttempt();
    event.agent = AgentName(text(from.getAgent(), damage_));
    event.model = optional_text(from.hasModel(), from.getModel(), damage_);
    event.settings = packed::hash(from.getSettings(), damage_);
    event.claim = text(from.getClaim(), damage_);
    if (from.hasError()) event.error = packed::read(from.getError(), damage_);
    return event;
  }

  Event read(schema::RunEnded::Reader from) {
    RunEnded event;
    event.run = runs_.of(from.getRun());
    event.status = value_of(packed::run_status_table, from.getStatus(), damage_);
    if (from.hasError()) event.error = packed::read(from.getError(), damage_);
    event.usage = optional_json(from.hasUsage(), from.getUsage(), damage_);
    event.finish = packed::read(from.getFinish(), damage_);
    return event;
  }

  Timestamp at_;
  const ThreadState& state_;
  Damage& damage_;
  Ids<MessageId, MessageState> messages_;
  Ids<RunId, RunState> runs_;
};

}  // namespace

Result<Entry> decode(std::string_view bytes, Timestamp at, const ThreadState& names) {
  return packed::unpack<schema::Entry>(bytes, [&](schema::Entry::Reader from, Damage& damage) {
    return EntryReader(at, names, damage).read(from);
  });
}

}  // namespace lockstep
