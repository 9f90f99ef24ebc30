// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_text.h"
#include "server/codec/json_write.h"
#include "tools/forms/record.h"
#include "tools/forms/record_calls.h"

namespace lockstep {
namespace {

struct EventName {
  std::string_view operator()(const ThreadUpdated&) const { return "thread_updated"; }
  std::string_view operator()(const MessagePut&) const { return "message_put"; }
  std::string_view operator()(const MessageCreated&) const { return "message_created"; }
  std::string_view operator()(const PartStarted&) const { return "part_started"; }
  std::string_view operator()(const ContentAppended&) const { return "content_appended"; }
  std::string_view operator()(const MessageEnded&) const { return "message_ended"; }
  std::string_view operator()(const MessageCut&) const { return "message_cut"; }
  std::string_view operator()(const MessageDeleted&) const { return "message_deleted"; }
  std::string_view operator()(const HeadMoved&) const { return "head_moved"; }
  std::string_view operator()(const RunQueued&) const { return "run_queued"; }
  std::string_view operator()(const RunStarted&) const { return "run_started"; }
  std::string_view operator()(const RunEnded&) const { return "run_ended"; }
  std::string_view operator()(const RepairsNoted&) const { return "repairs_noted"; }
  std::string_view operator()(const OpaqueNoted&) const { return "opaque_noted"; }
  std::string_view operator()(const AttemptStarted&) const { return "attempt_started"; }
  std::string_view operator()(const CallNoted&) const { return "call_noted"; }
  std::string_view operator()(const ResumeNoted&) const { return "resume_noted"; }
};

void append_whole_event(std::string& out, const Event& event) {
  if (const auto* put = std::get_if<MessagePut>(&event)) {
    out += '{';
    append_field(out, "type", name_of(event));
    append_name(out, "message");
    append_whole_message(out, put->message);
    out += '}';
    return;
  }
  if (const auto* attempt = std::get_if<AttemptStarted>(&event)) {
    return append_attempt(out, *attempt);
  }
  const auto* moved = std::get_if<HeadMoved>(&event);
  if (!moved) return append_event(out, event);
  out += '{';
  append_field(out, "type", name_of(event));
  append_field_id(out, "head", moved->head);
  append_field_id(out, "from", moved->from);
  out += '}';
}

void append_whole_ack(std::string& out, const Ack& ack) {
  out += '{';
  append_field(out, "user", ack.user.get());
  append_field(out, "device", ack.device.get());
  append_field(out, "content", to_hex(ack.content));
  append_name(out, "outcome");
  append_outcome(out, ack.outcome);
  out += '}';
}

void append_origin(std::string& out, const Origin& origin) {
  append_name(out, "origin");
  out += '{';
  append_field(out, "thread", origin.thread.get());
  append_field(out, "owner", origin.owner.get());
  out += '}';
}

void append_offset(std::string& out, const ProducerOffset& offset) {
  append_name(out, "producer");
  out += '{';
  append_field(out, "run", offset.run.get());
  append_field_number(out, "attempt", offset.attempt);
  append_field_number(out, "seq", offset.seq);
  out += '}';
}

}  // namespace

std::string_view name_of(const Event& event) { return std::visit(EventName{}, event); }

void append_entry(std::string& out, const Entry& entry) {
  out += '{';
  append_field_number(out, "ts", entry.at.get());
  append_field_number(out, "prev", entry.previous.get());
  if (entry.origin) append_origin(out, *entry.origin);
  append_name(out, "events");
  append_array(out, entry.events, append_whole_event);
  if (!entry.acks.empty()) {
    append_name(out, "acks");
    append_array(out, entry.acks, append_whole_ack);
  }
  if (entry.producer) append_offset(out, *entry.producer);
  out += '}';
}

}  // namespace lockstep
