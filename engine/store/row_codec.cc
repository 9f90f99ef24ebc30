// SPDX-License-Identifier: Apache-2.0
#include "engine/store/row_codec.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/store/content_codec.h"
#include "engine/store/keys.h"
#include "engine/store/row_seal.h"
#include "schema/view.capnp.h"

namespace lockstep {
namespace {

using packed::bytes_of;
using packed::count;
using packed::Damage;
using packed::id;
using packed::optional_json;
using packed::optional_text;
using packed::seal;
using packed::stored;
using packed::text;
using packed::unseal;
using packed::value_of;

constexpr std::size_t stamp_bytes = 8;  // a commit number's
static_assert(stamp_bytes == sizeof(CommitNumber));

// --- Pieces --------------------------------------------------------------------------------------

std::uint64_t stored_time(const std::optional<Timestamp>& at) { return at ? at->get() : 0; }

std::optional<Timestamp> time_of(std::uint64_t at) {
  return at == 0 ? std::nullopt : std::optional(Timestamp(at));
}

std::optional<MessageId> optional_message(bool has, capnp::Data::Reader from, Damage& damage) {
  return has ? std::optional(MessageId(id(from, damage))) : std::nullopt;
}

void write(schema::Thread::Builder to, const Thread& thread) {
  to.setId(bytes_of(thread.id.get()));
  to.setTitle(bytes_of(thread.title));
  to.setMetadata(bytes_of(thread.metadata.text));
  if (thread.head) to.setHead(bytes_of(thread.head->get()));
  to.setCreated(thread.created.get());
  to.setUpdated(thread.updated.get());
  to.setArchived(thread.archived);
  to.setRunning(thread.running);
  if (!thread.approved_tools.empty()) {
    packed::write(to.initApprovedTools(count(thread.approved_tools.size())), thread.approved_tools);
  }
}

Thread read(schema::Thread::Reader from, Damage& damage) {
  return {.id = ThreadId(id(from.getId(), damage)),
          .title = text(from.getTitle(), damage),
          .archived = from.getArchived(),
          .metadata = Json{text(from.getMetadata(), damage)},
          .head = optional_message(from.hasHead(), from.getHead(), damage),
          .created = Timestamp(from.getCreated()),
          .updated = Timestamp(from.getUpdated()),
          .running = from.getRunning(),
          .approved_tools = packed::read(from.getApprovedTools(), damage)};
}

// --- Whole rows ----------------------------------------------------------------------------------

MessageState read(schema::MessageState::Reader from, Damage& damage) {
  MessageState row;
  row.message = {
      .id = MessageId(id(from.getId(), damage)),
      .parent = optional_message(from.hasParent(), from.getParent(), damage),
      .role = value_of(packed::role_table, from.getRole(), damage),
      .author = optional_text(from.hasAuthor(), from.getAuthor(), damage),
      .run = from.hasRun() ? std::optional(RunId(id(from.getRun(), damage))) : std::nullopt,
      .parts = packed::read(from.getParts(), damage),
      .status = value_of(packed::message_status_table, from.getStatus(), damage),
      .created = Timestamp(from.getCreated()),
      .updated = Timestamp(from.getUpdated()),
      .usage = optional_json(from.hasUsage(), from.getUsage(), damage),
      .metadata = optional_json(from.hasMetadata(), from.getMetadata(), damage),
      .finish = packed::read(from.getFinish(), damage)};
  if (from.getContinues()) row.message.continues = row.message.parent;
  row.message.opaque = packed::read(from.getOpaque(), damage);
  row.message.calls = packed::read(from.getCalls(), damage);
  row.lengths = packed::read(from.getLengths());
  row.whole = Timestamp(from.getWhole());
  row.written = from.getWritten();
  row.deleted = from.getDeleted();
  if (row.lengths.size() != row.message.parts.size()) damage.corrupt("a part has no length");
  return row;
}

void write(schema::RunState::Builder to, const Run& run) {
  to.setId(bytes_of(run.id.get()));
  to.setAgent(bytes_of(run.agent.get()));
  if (!run.input.empty()) packed::write(to.initInput(count(run.input.size())), run.input);
  to.setPlace(stored<schema::PlaceKind>(packed::place_kind_table, run.place.kind));
  if (run.place.message) to.setAnchor(bytes_of(run.place.message->get()));
  if (run.params) to.setParams(bytes_of(run.params->text));
  if (run.head) to.setHead(bytes_of(run.head->get()));
  if (run.settings) to.setSettings(bytes_of(*run.settings));
  if (run.error) packed::write(to.initError(), *run.error);
  if (run.usage) to.setUsage(bytes_of(run.usage->text));
  if (run.model) to.setModel(bytes_of(*run.model));
  to.setStatus(stored<schema::RunStatus>(packed::run_status_table, run.status));
  to.setAttempt(run.attempt);
  to.setQueued(run.queued.get());
  to.setContextAt(stored_time(run.context_ts));
  to.setStarted(stored_time(run.started));
  to.setEnded(stored_time(run.ended));
  if (run.continues) to.setContinues(bytes_of(run.continues->get()));
  if (run.finish_reason) to.setFinishReason(bytes_of(*run.finish_reason));
  if (!run.repairs.empty()) packed::write(to.initRepairs(count(run.repairs.size())), run.repairs);
  if (run.resume) packed::write(to.initResume(), *run.resume);
}

Run read_run(schema::RunState::Reader from, Damage& damage) {
  Run run;
  run.id = RunId(id(from.getId(), damage));
  run.agent = AgentName(text(from.getAgent(), damage));
  run.status = value_of(packed::run_status_table, from.getStatus(), damage);
  run.attempt = from.getAttempt();
  run.input = packed::read(from.getInput(), damage);
  run.place.kind = value_of(packed::place_kind_table, from.getPlace(), damage);
  run.place.message = optional_message(from.hasAnchor(), from.getAnchor(), damage);
  run.params = optional_json(from.hasParams(), from.getParams(), damage);
  run.head = optional_message(from.hasHead(), from.getHead(), damage);
  run.context_ts = time_of(from.getContextAt());
  if (from.hasSettings()) run.settings = packed::hash(from.getSettings(), damage);
  run.queued = Timestamp(from.getQueued());
  run.started = time_of(from.getStarted());
  run.ended = time_of(from.getEnded());
  if (from.hasError()) run.error = packed::read(from.getError(), damage);
  run.usage = optional_json(from.hasUsage(), from.getUsage(), damage);
  run.model = optional_text(from.hasModel(), from.getModel(), damage);
  run.continues = optional_message(from.hasContinues(), from.getContinues(), damage);
  run.finish_reason = optional_text(from.hasFinishReason(), from.getFinishReason(), damage);
  run.repairs = packed::read(from.getRepairs(), damage);
  if (from.hasResume()) run.resume = packed::read(from.getResume(), damage);
  return run;
}

RunState read(schema::RunState::Reader from, Damage& damage) {
  RunState row;
  row.run = read_run(from, damage);
  row.updated = Timestamp(from.getUpdated());
  row.seq = from.getSeq();
  row.ended_by_producer = from.getEndedByProducer();
  row.messages = packed::read(from.getMessages());
  for (const capnp::Data::Reader call : from.getCutCalls()) {
    row.cut_calls.push_back(text(call, damage));
  }
  row.claim = text(from.getClaim(), damage);
  return row;
}

DeviceRow read(schema::DeviceRow::Reader from, Damage& damage) {
  DeviceRow row;
  row.device.user = UserId(text(from.getUser(), damage));
  row.device.device = DeviceId(text(from.getDevice(), damage));
  for (const schema::Ack::Reader stored_ack : from.getAcks()) {
    Ack ack = packed::read(stored_ack, Timestamp(from.getNewest()), damage);
    ack.user = row.device.user;
    ack.device = row.device.device;
    row.memory.acks.push_back(std::move(ack));
  }
  return row;
}

SnapshotHeader read(schema::SnapshotHeader::Reader from, Damage& damage) {
  SnapshotHeader header;
  header.thread = read(from.getThread(), damage);
  header.owner = UserId(text(from.getOwner(), damage));
  header.now = Timestamp(from.getNow());
  header.titled = from.getTitled();
  header.messages = from.getMessages();
  header.runs = from.getRuns();
  header.devices = from.getDevices();
  if (from.getRunning() != 0) header.running = from.getRunning() - 1;
  header.waiting = packed::read(from.getWaiting());
  header.awaiting = packed::read(from.getAwaiting());
  return header;
}

}  // namespace

std::string encode(std::string_view key, const MessageState& row) {
  MUST(row.lengths.size() == row.message.parts.size());  // a reader takes anything else for damage
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::MessageState>();
  const Message& message = row.message;
  to.setId(bytes_of(message.id.get()));
  if (message.parent) to.setParent(bytes_of(message.parent->get()));
  if (message.run) to.setRun(bytes_of(message.run->get()));
  if (message.author) to.setAuthor(bytes_of(*message.author));
  if (!message.parts.empty()) {
    packed::write(to.initParts(count(message.parts.size())), message.parts);
  }
  if (!row.lengths.empty()) packed::write(to.initLengths(count(row.lengths.size())), row.lengths);
  if (message.usage) to.setUsage(bytes_of(message.usage->text));
  if (message.metadata) to.setMetadata(bytes_of(message.metadata->text));
  to.setRole(stored<schema::Role>(packed::role_table, message.role));
  to.setStatus(stored<schema::MessageStatus>(packed::message_status_table, message.status));
  to.setDeleted(row.deleted);
  to.setCreated(message.created.get());
  to.setUpdated(message.updated.get());
  to.setWhole(row.whole.get());
  to.setWritten(row.written);
  packed::write_finish(message.finish, [&] { return to.initFinish(); });
  to.setContinues(message.continues.has_value());
  packed::write_opaque(message.opaque, [&](std::uint32_t size) { return to.initOpaque(size); });
  if (!message.calls.empty()) {
    packed::write(to.initCalls(count(message.calls.size())), message.calls);
  }
  return seal(key, to);
}

Result<MessageState> decode_message_state(std::string_view key, std::string_view value) {
  return unseal<schema::MessageState>(
      key, value,
      [](schema::MessageState::Reader from, Damage& damage) { return read(from, damage); });
}

std::string encode(std::string_view key, const RunState& row) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::RunState>();
  write(to, row.run);
  to.setUpdated(row.updated.get());
  to.setSeq(row.seq);
  to.setEndedByProducer(row.ended_by_producer);
  if (!row.claim.empty()) to.setClaim(bytes_of(row.claim));
  if (!row.messages.empty())
    packed::write(to.initMessages(count(row.messages.size())), row.messages);
  if (!row.cut_calls.empty()) {
    auto calls = to.initCutCalls(count(row.cut_calls.size()));
    for (std::uint32_t place = 0; place < calls.size(); ++place) {
      calls.set(place, bytes_of(row.cut_calls[place]));
    }
  }
  return seal(key, to);
}

Result<RunState> decode_run_state(std::string_view key, std::string_view value) {
  return unseal<schema::RunState>(
      key, value, [](schema::RunState::Reader from, Damage& damage) { return read(from, damage); });
}

std::string encode(std::string_view key, const DeviceRow& row) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::DeviceRow>();
  to.setUser(bytes_of(row.device.user.get()));
  to.setDevice(bytes_of(row.device.device.get()));
  Timestamp newest;
  for (const Ack& ack : row.memory.acks) newest = std::max(newest, ack.outcome.at);
  to.setNewest(newest.get());
  auto acks = to.initAcks(count(row.memory.acks.size()));
  for (std::uint32_t place = 0; place < acks.size(); ++place) {
    packed::write(acks[place], row.memory.acks[place], newest);
  }
  return seal(key, to);
}

Result<DeviceRow> decode_device_row(std::string_view key, std::string_view value) {
  return unseal<schema::DeviceRow>(key, value, [](schema::DeviceRow::Reader from, Damage& damage) {
    return read(from, damage);
  });
}

std::string encode(std::string_view key, const SnapshotHeader& header) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::SnapshotHeader>();
  write(to.initThread(), header.thread);
  to.setOwner(bytes_of(header.owner.get()));
  to.setNow(header.now.get());
  to.setTitled(header.titled);
  to.setMessages(header.messages);
  to.setRuns(header.runs);
  to.setDevices(header.devices);
  if (header.running) to.setRunning(*header.running + 1);
  if (!header.waiting.empty())
    packed::write(to.initWaiting(count(header.waiting.size())), header.waiting);
  if (!header.awaiting.empty()) {
    packed::write(to.initAwaiting(count(header.awaiting.size())), header.awaiting);
  }
  return seal(key, to);
}

Result<SnapshotHeader> decode_snapshot_header(std::string_view key, std::string_view value) {
  return unseal<schema::SnapshotHeader>(
      key, value,
      [](schema::SnapshotHeader::Reader from, Damage& damage) { return read(from, damage); });
}

std::string encode(std::string_view key, const ThreadRecord& record) {
  MUST(!record.thread || record.thread->id == record.id);
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::ThreadRecord>();
  to.setNumber(record.number.get());
  to.setOwner(bytes_of(record.owner.get()));
  if (record.thread) {
    write(to.initThread(), *record.thread);
  } else {
    to.setId(bytes_of(record.id.get()));
  }
  to.setView(record.snapshot.get());
  to.setLast(record.last.get());
  return seal(key, to);
}

Result<StampedThreadRecord> decode_thread_record(std::string_view key, std::string_view value) {
  if (value.size() < stamp_bytes) return fail(Kind::corrupt, codes::corrupt, "a row is too short");
  const std::string_view sealed = value.substr(0, value.size() - stamp_bytes);
  const auto commit = keys::decode_number(value.substr(sealed.size()));
  MUST(commit.has_value());  // any 8 bytes are a number: the seal does not cover them
  return unseal<schema::ThreadRecord>(
      key, sealed, [commit](schema::ThreadRecord::Reader from, Damage& damage) {
        ThreadRecord record;
        record.number = ThreadNumber(from.getNumber());
        record.owner = UserId(text(from.getOwner(), damage));
        if (from.hasThread()) record.thread = read(from.getThread(), damage);
        record.id = record.thread ? record.thread->id : ThreadId(id(from.getId(), damage));
        record.snapshot = Timestamp(from.getView());
        record.last = Timestamp(from.getLast());
        return StampedThreadRecord{std::move(record), CommitNumber(*commit)};
      });
}

std::string encode(std::string_view key, const OpenRun& run) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::OpenRun>();
  to.setThread(bytes_of(run.thread.id.get()));
  to.setOwner(bytes_of(run.thread.owner.get()));
  to.setRun(bytes_of(run.run.get()));
  to.setStatus(stored<schema::RunStatus>(packed::run_status_table, run.status));
  to.setAttempt(run.attempt);
  // A row of an upgraded store has no agent, like a row that was written before the field existed.
  if (!run.agent.get().empty()) to.setAgent(bytes_of(run.agent.get()));
  to.setStarted(run.started.get());
  if (run.started != Timestamp()) to.setSettings(bytes_of(run.settings));
  return seal(key, to);
}

Result<OpenRun> decode_open_run(std::string_view key, std::string_view value) {
  auto run = decode_ownerless_open_run(key, value);
  if (run && run->thread.owner.get().empty()) {
    return fail(Kind::corrupt, codes::corrupt, "an open run names no owner of its thread");
  }
  return run;
}

Result<OpenRun> decode_ownerless_open_run(std::string_view key, std::string_view value) {
  return unseal<schema::OpenRun>(key, value, [](schema::OpenRun::Reader from, Damage& damage) {
    return OpenRun{
        .thread = {UserId(text(from.getOwner(), damage)), ThreadId(id(from.getThread(), damage))},
        .run = RunId(id(from.getRun(), damage)),
        .status = value_of(packed::run_status_table, from.getStatus(), damage),
        .attempt = from.getAttempt(),
        .agent = from.hasAgent() ? AgentName(id(from.getAgent(), damage)) : AgentName(),
        .started = Timestamp(from.getStarted()),
        .settings = from.hasSettings() ? packed::hash(from.getSettings(), damage) : Hash()};
  });
}

std::string encode(std::string_view key, const FeedRow& row) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::FeedItem>();
  to.setThread(bytes_of(row.thread.id.get()));
  if (key != keys::feed(row.thread.owner)) to.setOwner(bytes_of(row.thread.owner.get()));
  to.setRemoved(row.removed);
  return seal(key, to);
}

Result<FeedRow> decode_feed_row(std::string_view key, std::string_view value) {
  const auto place = keys::decode_feed(key);
  if (!place) return fail(Kind::corrupt, codes::corrupt, "a key in the feed names no change");
  return unseal<schema::FeedItem>(
      key.substr(0, key.size() - stamp_bytes), value,  // as it was sealed
      [&](schema::FeedItem::Reader from, Damage& damage) {
        const UserId owner = from.hasOwner() ? UserId(text(from.getOwner(), damage)) : place->user;
        return FeedRow{{owner, ThreadId(id(from.getThread(), damage))}, from.getRemoved()};
      });
}

}  // namespace lockstep
