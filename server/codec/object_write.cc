// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/codec/json_write.h"

namespace lockstep {

std::string_view name_of(MessageStatus status) {
  switch (status) {
    case MessageStatus::open:
      return "open";
    case MessageStatus::complete:
      return "complete";
    case MessageStatus::stopped:
      return "stopped";
    case MessageStatus::failed:
      return "failed";
    case MessageStatus::interrupted:
      return "interrupted";
  }
  std::unreachable();
}

std::string_view name_of(RunStatus status) {
  switch (status) {
    case RunStatus::queued:
      return "queued";
    case RunStatus::running:
      return "running";
    case RunStatus::completed:
      return "completed";
    case RunStatus::stopped:
      return "stopped";
    case RunStatus::failed:
      return "failed";
    case RunStatus::interrupted:
      return "interrupted";
    case RunStatus::superseded:
      return "superseded";
  }
  std::unreachable();
}

std::string_view name_of(ChangeType type) {
  switch (type) {
    case ChangeType::start_run:
      return "start_run";
    case ChangeType::put_message:
      return "put_message";
    case ChangeType::delete_message:
      return "delete_message";
    case ChangeType::stop_run:
      return "stop_run";
    case ChangeType::move_head:
      return "move_head";
    case ChangeType::update_thread:
      return "update_thread";
    case ChangeType::answer_call:
      return "answer_call";
    case ChangeType::decide_call:
      return "decide_call";
  }
  std::unreachable();
}

namespace {

// Appends a text. With `apart`, leaves out a long one and adds it there.
void append_long(std::string& out, std::string_view name, std::string_view text, Apart* apart) {
  if (apart == nullptr || text.size() <= limits::text_apart_bytes) {
    return append_field(out, name, text);
  }
  append_field(out, name, {});
  apart->push_back({out.size() - 1, text, LongText::Form::text});
}
void append_long_json(std::string& out, std::string_view name, std::string_view json,
                      Apart* apart) {
  if (apart == nullptr || json.size() <= limits::text_apart_bytes) {
    return append_field_json(out, name, json);
  }
  append_name(out, name);
  apart->push_back({out.size(), json, LongText::Form::json});
}

struct PartWriter {
  std::string& out;
  Apart* apart = nullptr;
  void operator()(const TextPart& part) const {
    append_field(out, "type", "text");
    append_long(out, "text", part.text, apart);
  }
  void operator()(const ReasoningPart& part) const {
    append_field(out, "type", "reasoning");
    append_long(out, "text", part.text, apart);
  }
  void operator()(const ToolCallPart& part) const {
    append_field(out, "type", "tool_call");
    append_field(out, "id", part.id);
    append_field(out, "name", part.name);
    append_long(out, "arguments", part.arguments, apart);
  }
  void operator()(const ToolResultPart& part) const {
    append_field(out, "type", "tool_result");
    append_field(out, "call", part.call);
    append_long(out, "content", part.content, apart);
    if (part.made) append_field_flag(out, "made", true);
    if (part.failed) append_field_flag(out, "failed", true);
  }
  void operator()(const FilePart& part) const {
    append_field(out, "type", "file");
    append_long(out, "uri", part.uri, apart);
    if (part.media_type) append_field(out, "media_type", *part.media_type);
    if (part.name) append_field(out, "name", *part.name);
  }
  void operator()(const DataPart& part) const {
    append_field(out, "type", "data");
    append_field(out, "name", part.name);
    append_long_json(out, "value", part.value.text, apart);
  }
};

void append_part(std::string& out, const Part& part, Apart* apart) {
  out += '{';
  std::visit(PartWriter{out, apart}, part);
  out += '}';
}

void append_parts(std::string& out, const Parts& parts, Apart* apart = nullptr) {
  append_name(out, "parts");
  append_array(out, parts,
               [apart](std::string& to, const Part& part) { append_part(to, part, apart); });
}

void append_growth_item(std::string& out, const PartGrowth& growth, Apart* apart) {
  out += '{';
  append_field_number(out, "part", growth.part);
  append_field_number(out, "at", growth.at);
  append_long(out, "text", growth.text, apart);
  out += '}';
}

void append_growth_item(std::string& out, const PartValue& value, Apart* apart) {
  out += '{';
  append_field_number(out, "part", value.part);
  append_name(out, "value");
  append_part(out, value.value, apart);
  out += '}';
}

void append_run_times(std::string& out, const Run& run) {
  append_field_number(out, "queued", run.queued.get());
  if (run.started) append_field_number(out, "started", run.started->get());
  if (run.ended) append_field_number(out, "ended", run.ended->get());
}

}  // namespace

void append_part(std::string& out, const Part& part) { append_part(out, part, nullptr); }

void append_field_id(std::string& out, std::string_view name, const std::optional<MessageId>& id) {
  append_name(out, name);
  if (id) {
    append_text(out, id->get());
  } else {
    out += "null";
  }
}

void append_place(std::string& out, const Place& place) {
  append_field_id(out, place.kind == Place::Kind::after ? "after" : "parent", place.message);
}

void append_error(std::string& out, const RunError& error) {
  append_name(out, "error");
  out += '{';
  append_field(out, "code", error.code);
  append_field(out, "detail", error.detail);
  out += '}';
}

void append_finish(std::string& out, const Finish& finish) {
  if (finish.reason) append_field(out, "finish_reason", *finish.reason);
  if (finish.model) append_field(out, "model", *finish.model);
}

namespace {

// The members that a repair of the log and one of a composer share.
template <class AnyRepair>
void append_repair_fields(std::string& out, const AnyRepair& repair) {
  append_field(out, "kind", repair.kind);
  append_field_number(out, "count", repair.count);
  append_name(out, "ids");
  append_array(out, repair.ids,
               [](std::string& to, const std::string& id) { append_text(to, id); });
}

}  // namespace

void append_repairs(std::string& out, const std::vector<NotedRepair>& repairs) {
  append_name(out, "repairs");
  append_array(out, repairs, [](std::string& to, const NotedRepair& repair) {
    to += '{';
    append_repair_fields(to, repair);
    to += '}';
  });
}

namespace {

void append_opaque(std::string& out, const OpaqueData& data, Apart* apart) {
  if (data.part) append_field_number(out, "part", *data.part);
  append_field(out, "origin", data.origin);
  append_long_json(out, "value", data.value.text, apart);
}

void append_message(std::string& out, const Message& message, Apart* apart, bool whole) {
  out += '{';
  append_field(out, "id", message.id.get());
  append_field_id(out, "parent", message.parent);
  append_field(out, "role", name_of(message.role));
  if (message.author) append_field(out, "author", *message.author);
  if (message.run) append_field(out, "run", message.run->get());
  append_parts(out, message.parts, apart);
  append_field(out, "status", name_of(message.status));
  append_field_number(out, "created", message.created.get());
  append_field_number(out, "updated", message.updated.get());
  if (message.usage) append_field_json(out, "usage", message.usage->text);
  if (message.metadata) append_long_json(out, "metadata", message.metadata->text, apart);
  append_finish(out, message.finish);
  if (message.continues) append_field(out, "continues", message.continues->get());
  if (!message.calls.empty()) append_calls(out, message.calls);
  if (whole && !message.opaque.empty()) {
    append_name(out, "opaque");
    append_array(out, message.opaque, [apart](std::string& to, const OpaqueData& data) {
      to += '{';
      append_opaque(to, data, apart);
      to += '}';
    });
  }
  out += '}';
}

}  // namespace

void append_message(std::string& out, const Message& message) {
  append_message(out, message, nullptr, false);
}

void append_whole_message(std::string& out, const Message& message) {
  append_message(out, message, nullptr, true);
}

void append_opaque_fields(std::string& out, const OpaqueData& data) {
  append_opaque(out, data, nullptr);
}

void append_input(std::string& out, const MessageInput& input) {
  out += '{';
  append_field(out, "id", input.id.get());
  append_field(out, "role", name_of(input.role));
  append_parts(out, input.parts);
  if (input.author) append_field(out, "author", *input.author);
  if (input.metadata) append_field_json(out, "metadata", input.metadata->text);
  out += '}';
}

void append_run(std::string& out, const Run& run) {
  out += '{';
  append_field(out, "id", run.id.get());
  append_field(out, "agent", run.agent.get());
  append_field(out, "status", name_of(run.status));
  append_field_number(out, "attempt", run.attempt);
  if (!run.input.empty()) {
    append_name(out, "input");
    append_array(out, run.input, append_input);
  }
  append_place(out, run.place);
  if (run.params) append_field_json(out, "params", run.params->text);
  if (run.head) append_field(out, "head", run.head->get());
  if (run.context_ts) append_field_number(out, "context_ts", run.context_ts->get());
  if (run.settings) append_field(out, "settings", to_hex(*run.settings));
  append_run_times(out, run);
  if (run.error) append_error(out, *run.error);
  if (run.usage) append_field_json(out, "usage", run.usage->text);
  if (run.model) append_field(out, "model", *run.model);
  if (run.continues) append_field(out, "continues", run.continues->get());
  if (run.finish_reason) append_field(out, "finish_reason", *run.finish_reason);
  if (!run.repairs.empty()) append_repairs(out, run.repairs);
  if (run.resume) append_resume(out, *run.resume);
  out += '}';
}

void append_repair(std::string& out, const Repair& repair) {
  if (repair.kind.empty()) return append_text(out, repair.text);
  out += '{';
  append_repair_fields(out, repair);
  append_field(out, "text", repair.text);
  out += '}';
}

void append_thread(std::string& out, const Thread& thread) {
  out += '{';
  append_field(out, "id", thread.id.get());
  append_field(out, "title", thread.title);
  append_field_flag(out, "archived", thread.archived);
  append_field_json(out, "metadata", thread.metadata.text);
  append_field_id(out, "head", thread.head);
  append_field_number(out, "created", thread.created.get());
  append_field_number(out, "updated", thread.updated.get());
  append_field_flag(out, "running", thread.running);
  if (!thread.approved_tools.empty()) append_texts(out, "approved_tools", thread.approved_tools);
  out += '}';
}

namespace {

void append_growth(std::string& out, const Growth& growth, Apart* apart) {
  out += '{';
  append_field(out, "id", growth.id.get());
  append_field(out, "status", name_of(growth.status));
  append_field_number(out, "updated", growth.updated.get());
  if (growth.usage) append_field_json(out, "usage", growth.usage->text);
  append_finish(out, growth.finish);
  if (!growth.calls.empty()) append_calls(out, growth.calls);
  append_field_number(out, "parts", growth.parts);
  append_name(out, "grow");
  append_array(out, growth.grow, [apart](std::string& to, const auto& item) {
    std::visit([&](const auto& part) { append_growth_item(to, part, apart); }, item);
  });
  out += '}';
}

}  // namespace

void append_growth(std::string& out, const Growth& growth) { append_growth(out, growth, nullptr); }

void append_outcome(std::string& out, const Outcome& outcome) {
  out += '{';
  if (outcome.op) append_field_number(out, "op", outcome.op->get());
  append_field(out, "type", name_of(outcome.type));
  append_field(out, "outcome", outcome.applied ? "applied" : "refused");
  if (outcome.duplicate) append_field_flag(out, "duplicate", true);
  if (outcome.at.get() != 0) append_field_number(out, "ts", outcome.at.get());
  if (!outcome.code.empty()) append_field(out, "code", outcome.code);
  if (!outcome.detail.empty()) append_field(out, "detail", outcome.detail);
  if (outcome.message) append_field(out, "message", outcome.message->get());
  if (outcome.run) append_field(out, "run", outcome.run->get());
  out += '}';
}

namespace {

void append_change(std::string& out, const MessageChange& changed, Apart* apart, bool whole) {
  if (const auto* message = std::get_if<SharedMessage>(&changed)) {
    append_message(out, **message, apart, whole);
  } else {
    append_growth(out, std::get<Growth>(changed), apart);
  }
}

}  // namespace

void append_change(std::string& out, const MessageChange& changed) {
  append_change(out, changed, nullptr, false);
}

void append_shell(std::string& out, const MessageChange& changed, Apart& apart, bool whole) {
  append_change(out, changed, &apart, whole);
}

}  // namespace lockstep
