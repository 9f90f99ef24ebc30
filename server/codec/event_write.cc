// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_text.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

// Each function appends the fields of one event, `type` first.
struct EventWriter {
  std::string& out;

  void type(std::string_view name) const { append_field(out, "type", name); }

  void operator()(const ThreadUpdated& event) const {
    type("thread_updated");
    if (event.title) append_field(out, "title", *event.title);
    if (event.archived) append_field_flag(out, "archived", *event.archived);
    if (event.metadata) append_field_json(out, "metadata", event.metadata->text);
    if (event.approved_tools) append_texts(out, "approved_tools", *event.approved_tools);
  }
  void operator()(const MessagePut& event) const {
    type("message_put");
    append_name(out, "message");
    append_message(out, event.message);
  }
  void operator()(const MessageCreated& event) const {
    type("message_created");
    append_name(out, "message");
    out += '{';
    append_field(out, "id", event.message.get());
    append_field_id(out, "parent", event.parent);
    append_field(out, "role", name_of(event.role));
    if (event.author) append_field(out, "author", *event.author);
    append_field(out, "run", event.run.get());
    if (event.continues) append_field(out, "continues", event.continues->get());
    out += '}';
  }
  void operator()(const PartStarted& event) const {
    type("part_started");
    append_field(out, "message", event.message.get());
    append_field_number(out, "part", event.part);
    append_name(out, "value");
    append_part(out, event.value);
  }
  void operator()(const ContentAppended& event) const {
    type("content_appended");
    append_field(out, "message", event.message.get());
    append_field_number(out, "part", event.part);
    append_field_number(out, "at", event.at);
    append_field(out, "text", event.text);
  }
  void operator()(const MessageEnded& event) const {
    type("message_ended");
    append_field(out, "message", event.message.get());
    append_field(out, "status", name_of(event.status));
    if (event.usage) append_field_json(out, "usage", event.usage->text);
    append_finish(out, event.finish);
  }
  void operator()(const MessageCut& event) const {
    type("message_cut");
    append_field(out, "message", event.message.get());
    append_name(out, "keep");
    append_array(out, event.keep, [](std::string& to, Units units) { append_number(to, units); });
    append_field(out, "status", name_of(event.status));
  }
  void operator()(const MessageDeleted& event) const {
    type("message_deleted");
    append_field(out, "message", event.message.get());
  }
  void operator()(const HeadMoved& event) const {
    type("head_moved");
    append_field_id(out, "head", event.head);
  }
  void operator()(const RunQueued& event) const {
    type("run_queued");
    append_field(out, "run", event.run.get());
    append_field(out, "agent", event.agent.get());
    append_name(out, "input");
    append_array(out, event.input, append_input);
    append_place(out, event.place);
    if (event.params) append_field_json(out, "params", event.params->text);
    if (event.continues) append_field(out, "continues", event.continues->get());
    if (event.resumes) append_field(out, "resume", "when_answered");
  }
  void operator()(const RunStarted& event) const {
    type("run_started");
    append_field(out, "run", event.run.get());
    append_field_number(out, "attempt", event.attempt);
    append_field_id(out, "head", event.head);
    if (event.model) append_field(out, "model", *event.model);
    append_field(out, "settings", to_hex(event.settings));
  }
  void operator()(const RunEnded& event) const {
    type("run_ended");
    append_field(out, "run", event.run.get());
    append_field(out, "status", name_of(event.status));
    if (event.error) append_error(out, *event.error);
    if (event.usage) append_field_json(out, "usage", event.usage->text);
    append_finish(out, event.finish);
  }
  void operator()(const RepairsNoted& event) const {
    type("repairs_noted");
    append_field(out, "run", event.run.get());
    append_repairs(out, event.repairs);
  }
  void operator()(const OpaqueNoted& event) const {
    type("opaque_noted");
    append_field(out, "message", event.message.get());
    append_opaque_fields(out, event.data);
  }
  void operator()(const AttemptStarted& event) const {
    type("attempt_started");
    append_field(out, "run", event.run.get());
    append_field_number(out, "attempt", event.attempt);
    append_field(out, "agent", event.agent.get());
    if (event.model) append_field(out, "model", *event.model);
    append_field(out, "settings", to_hex(event.settings));
    if (event.error) append_error(out, *event.error);
  }
  void operator()(const CallNoted& event) const {
    type("call_noted");
    append_field(out, "message", event.message.get());
    append_call_fields(out, event.note);
  }
  void operator()(const ResumeNoted& event) const {
    type("resume_noted");
    append_field(out, "run", event.run.get());
    append_resume(out, event.resume);
  }
};

void append_ack(std::string& out, const Ack& ack) {
  out += '{';
  append_field(out, "user", ack.user.get());
  append_field(out, "device", ack.device.get());
  if (ack.outcome.op) append_field_number(out, "op", ack.outcome.op->get());
  append_field(out, "outcome", ack.outcome.applied ? "applied" : "refused");
  if (!ack.outcome.code.empty()) append_field(out, "code", ack.outcome.code);
  out += '}';
}

}  // namespace

void append_event(std::string& out, const Event& event) {
  out += '{';
  std::visit(EventWriter{out}, event);
  out += '}';
}

void append_entry_frame(std::string& out, const Entry& entry) {
  out += '{';
  append_field(out, "frame", "entry");
  append_field_number(out, "ts", entry.at.get());
  append_field_number(out, "prev", entry.previous.get());
  append_name(out, "events");
  std::vector<const Event*> shown;
  for (const Event& event : entry.events) {
    if (!std::holds_alternative<OpaqueNoted>(event)) shown.push_back(&event);
  }
  append_array(out, shown, [](std::string& to, const Event* event) { append_event(to, *event); });
  if (!entry.acks.empty()) {
    append_name(out, "acks");
    append_array(out, entry.acks, append_ack);
  }
  out += '}';
}

void append_live_frame(std::string& out, const Cursor& cursor) {
  out += '{';
  append_field(out, "frame", "live");
  append_field(out, "cursor", to_string(cursor));
  out += '}';
}

void append_end_frame(std::string& out, const Cursor& cursor, std::string_view reason) {
  out += '{';
  append_field(out, "frame", "end");
  append_field(out, "cursor", to_string(cursor));
  append_field(out, "reason", reason);
  out += '}';
}

void append_feed_frame(std::string& out, const FeedItem& item, const UserId& reader) {
  out += '{';
  append_field(out, "frame", "feed");
  append_field(out, "cursor", item.cursor);
  if (item.owner != reader) append_field(out, "user", item.owner.get());
  if (item.thread) {
    append_name(out, "thread");
    append_thread(out, *item.thread);
  }
  if (item.removed) append_field(out, "removed", item.removed->get());
  out += '}';
}

void append_steps_frame(std::string& out, const StepAck& ack) {
  out += '{';
  append_field(out, "frame", "steps");
  append_field_number(out, "seq", ack.seq);
  append_field_number(out, "ts", ack.at.get());
  out += '}';
}

}  // namespace lockstep
