// SPDX-License-Identifier: Apache-2.0
#include "engine/base/codes.h"
#include "tools/forms/record.h"
#include "tools/forms/record_calls.h"
#include "tools/forms/record_fields.h"

namespace lockstep {
namespace {

using Reader = RecordFields;

Part part_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  const std::string type = in.text("type");
  if (type == "text" || type == "reasoning") {
    in.allow({"type", "text"});
    if (type == "text") return TextPart{in.text("text")};
    return ReasoningPart{in.text("text")};
  }
  if (type == "tool_call") {
    in.allow({"type", "id", "name", "arguments"});
    return ToolCallPart{in.text("id"), in.text("name"), in.text("arguments")};
  }
  if (type == "tool_result") {
    in.allow({"type", "call", "content", "made", "failed"});
    return ToolResultPart{in.text("call"), in.text("content"),
                          in.maybe_boolean("made").value_or(false),
                          in.maybe_boolean("failed").value_or(false)};
  }
  if (type == "file") {
    in.allow({"type", "uri", "media_type", "name"});
    return FilePart{in.text("uri"), in.maybe_text("media_type"), in.maybe_text("name")};
  }
  in.allow({"type", "name", "value"});
  if (type != "data") in.complain("type", "is not a type of part");
  return DataPart{in.text("name"), in.maybe_json("value").value_or(Json{"null"})};
}

Finish finish_of(Reader& in) { return {in.maybe_text("finish_reason"), in.maybe_text("model")}; }

OpaqueData opaque_data(Reader& in) {
  OpaqueData data{{}, in.text("origin"), in.maybe_json("value").value_or(Json{"null"})};
  if (in.has("part")) data.part = in.number<std::uint32_t>("part");
  return data;
}

Opaque opaque_of(Reader& in) {
  Opaque opaque;
  for (const JsonValue& value : in.maybe_list("opaque")) {
    Reader data(value, in.wrong());
    data.allow({"part", "origin", "value"});
    opaque.put(opaque_data(data));
  }
  return opaque;
}

std::vector<Part> parts_of(Reader& in) {
  std::vector<Part> parts;
  for (const JsonValue& part : in.list("parts")) parts.push_back(part_of(part, in.wrong()));
  return parts;
}

Message message_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"id", "parent", "role", "author", "run", "parts", "status", "created", "updated",
            "usage", "metadata", "finish_reason", "model", "continues", "opaque", "calls"});
  Message message;
  message.id = in.id<MessageId>("id");
  message.parent = in.maybe_id<MessageId>("parent");
  message.role = in.name<Role>("role");
  message.author = in.maybe_text("author");
  message.run = in.maybe_id<RunId>("run");
  message.parts = parts_of(in);
  message.status = in.name<MessageStatus>("status");
  message.created = Timestamp(in.number<std::uint64_t>("created"));
  message.updated = Timestamp(in.number<std::uint64_t>("updated"));
  message.usage = in.maybe_json("usage");
  message.metadata = in.maybe_json("metadata");
  message.finish = finish_of(in);
  message.continues = in.maybe_id<MessageId>("continues");
  message.opaque = opaque_of(in);
  message.calls = calls_of(in);
  return message;
}

MessageInput input_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"id", "role", "author", "parts", "metadata"});
  MessageInput input;
  input.id = in.id<MessageId>("id");
  input.role = in.name<Role>("role");
  input.author = in.maybe_text("author");
  input.parts = parts_of(in);
  input.metadata = in.maybe_json("metadata");
  return input;
}

Event thread_updated(Reader& in) {
  in.allow({"type", "title", "archived", "metadata", "approved_tools"});
  ThreadUpdated event{in.maybe_text("title"), in.maybe_boolean("archived"),
                      in.maybe_json("metadata")};
  if (in.has("approved_tools")) event.approved_tools = texts_of(in, "approved_tools");
  return event;
}

Event message_put(Reader& in) {
  in.allow({"type", "message"});
  return MessagePut{message_of(in.object("message"), in.wrong())};
}

Event message_created(Reader& in) {
  in.allow({"type", "message"});
  Reader message(in.object("message"), in.wrong());
  message.allow({"id", "parent", "role", "author", "run", "continues"});
  return MessageCreated{message.id<MessageId>("id"), message.maybe_id<MessageId>("parent"),
                        message.name<Role>("role"),  message.maybe_text("author"),
                        message.id<RunId>("run"),    message.maybe_id<MessageId>("continues")};
}

Event part_started(Reader& in) {
  in.allow({"type", "message", "part", "value"});
  return PartStarted{in.id<MessageId>("message"), in.number<std::uint32_t>("part"),
                     part_of(in.object("value"), in.wrong())};
}

Event content_appended(Reader& in) {
  in.allow({"type", "message", "part", "at", "text"});
  return ContentAppended{in.id<MessageId>("message"), in.number<std::uint32_t>("part"),
                         in.number<Units>("at"), in.text("text")};
}

Event message_ended(Reader& in) {
  in.allow({"type", "message", "status", "usage", "finish_reason", "model"});
  return MessageEnded{in.id<MessageId>("message"), in.name<MessageStatus>("status"),
                      in.maybe_json("usage"), finish_of(in)};
}

Event message_cut(Reader& in) {
  in.allow({"type", "message", "keep", "status"});
  MessageCut event{in.id<MessageId>("message"), {}, in.name<MessageStatus>("status")};
  for (const JsonValue& units : in.list("keep")) {
    event.keep.push_back(in.number_of<Units>(units, "keep"));
  }
  return event;
}

Event message_deleted(Reader& in) {
  in.allow({"type", "message"});
  return MessageDeleted{in.id<MessageId>("message")};
}

Event head_moved(Reader& in) {
  in.allow({"type", "head", "from"});
  return HeadMoved{in.maybe_id<MessageId>("head"), in.maybe_id<MessageId>("from")};
}

Event run_queued(Reader& in) {
  in.allow({"type", "run", "agent", "input", "after", "parent", "params", "continues", "resume"});
  RunQueued event;
  event.run = in.id<RunId>("run");
  event.agent = AgentName(in.text("agent"));
  for (const JsonValue& input : in.list("input")) {
    event.input.push_back(input_of(input, in.wrong()));
  }
  const bool after = in.has("after");
  if (after == in.has("parent")) in.complain("after", "or `parent` must be present, and not both");
  event.place.kind = after ? Place::Kind::after : Place::Kind::parent;
  event.place.message = in.maybe_id<MessageId>(after ? "after" : "parent");
  event.params = in.maybe_json("params");
  event.continues = in.maybe_id<MessageId>("continues");
  event.resumes = in.maybe_text("resume") == "when_answered";
  return event;
}

Event run_started(Reader& in) {
  in.allow({"type", "run", "attempt", "head", "model", "settings"});
  return RunStarted{in.id<RunId>("run"), in.number<std::uint32_t>("attempt"),
                    in.maybe_id<MessageId>("head"), in.maybe_text("model"), in.hash("settings")};
}

Event run_ended(Reader& in) {
  in.allow({"type", "run", "status", "error", "usage", "finish_reason", "model"});
  RunEnded event{
      in.id<RunId>("run"), in.name<RunStatus>("status"), {}, in.maybe_json("usage"), finish_of(in)};
  if (in.has("error")) {
    Reader error(in.object("error"), in.wrong());
    error.allow({"code", "detail"});
    event.error = RunError{error.text("code"), error.text("detail")};
  }
  return event;
}

NotedRepair repair_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"kind", "count", "ids"});
  NotedRepair repair{in.text("kind"), in.number<std::uint64_t>("count")};
  for (const JsonValue& id : in.list("ids")) {
    if (!id.is(JsonValue::Kind::string)) in.complain("ids", "has another thing than texts");
    repair.ids.push_back(id.text);
  }
  return repair;
}

Event repairs_noted(Reader& in) {
  in.allow({"type", "run", "repairs"});
  RepairsNoted event{in.id<RunId>("run"), {}};
  for (const JsonValue& repair : in.list("repairs")) {
    event.repairs.push_back(repair_of(repair, in.wrong()));
  }
  return event;
}

Event opaque_noted(Reader& in) {
  in.allow({"type", "message", "part", "origin", "value"});
  return OpaqueNoted{in.id<MessageId>("message"), opaque_data(in)};
}

Event event_of(const JsonValue& value, std::string& wrong) {
  static constexpr std::pair<std::string_view, Event (*)(Reader&)> readers[] = {
      {"thread_updated", thread_updated},
      {"message_put", message_put},
      {"message_created", message_created},
      {"part_started", part_started},
      {"content_appended", content_appended},
      {"message_ended", message_ended},
      {"message_cut", message_cut},
      {"message_deleted", message_deleted},
      {"head_moved", head_moved},
      {"run_queued", run_queued},
      {"run_started", run_started},
      {"run_ended", run_ended},
      {"repairs_noted", repairs_noted},
      {"opaque_noted", opaque_noted},
      {"attempt_started", attempt_started},
      {"call_noted", call_noted},
      {"resume_noted", resume_noted},
  };
  static_assert(std::size(readers) == std::variant_size_v<Event>);
  Reader in(value, wrong);
  const std::string type = in.text("type");
  for (const auto& [name, read] : readers) {
    if (name == type) return read(in);
  }
  in.complain("type", "is not a type of event");
  return {};
}

Outcome outcome_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"op", "type", "outcome", "ts", "code", "detail", "message", "run"});
  Outcome outcome;
  outcome.op = Op(in.number<std::uint64_t>("op"));
  outcome.type = in.name<ChangeType>("type");
  const std::string became = in.text("outcome");
  if (became != "applied" && became != "refused")
    in.complain("outcome", "must be `applied` or `refused`");
  outcome.applied = became == "applied";
  if (in.has("ts")) outcome.at = Timestamp(in.number<std::uint64_t>("ts"));
  outcome.code = in.maybe_text("code").value_or("");
  outcome.detail = in.maybe_text("detail").value_or("");
  outcome.message = in.maybe_id<MessageId>("message");
  outcome.run = in.maybe_id<RunId>("run");
  return outcome;
}

Ack ack_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"user", "device", "content", "outcome"});
  return {UserId(in.text("user")), in.id<DeviceId>("device"), in.hash("content"),
          outcome_of(in.object("outcome"), wrong)};
}

ProducerOffset offset_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"run", "attempt", "seq"});
  return {in.id<RunId>("run"), in.number<std::uint32_t>("attempt"),
          in.number<std::uint64_t>("seq")};
}

Origin origin_of(const JsonValue& value, std::string& wrong) {
  Reader in(value, wrong);
  in.allow({"thread", "owner"});
  return {in.id<ThreadId>("thread"), UserId(in.text("owner"))};
}

}  // namespace

Result<Entry> entry_of(const JsonValue& value) {
  std::string wrong;
  Reader in(value, wrong);
  in.allow({"ts", "prev", "origin", "events", "acks", "producer"});
  Entry entry;
  entry.at = Timestamp(in.number<std::uint64_t>("ts"));
  entry.previous = Timestamp(in.number<std::uint64_t>("prev"));
  if (in.has("origin")) entry.origin = origin_of(in.object("origin"), wrong);
  for (const JsonValue& event : in.list("events")) entry.events.push_back(event_of(event, wrong));
  if (in.has("acks")) {
    for (const JsonValue& ack : in.list("acks")) entry.acks.push_back(ack_of(ack, wrong));
  }
  if (in.has("producer")) entry.producer = offset_of(in.object("producer"), wrong);
  if (!wrong.empty()) return fail(Kind::rejected, codes::invalid, "an entry in which " + wrong);
  return entry;
}

Result<PlacedInput> placed_input_of(const JsonValue& value) {
  std::string wrong;
  Reader in(value, wrong);
  in.allow({"id", "parent", "role", "author", "run", "text", "parts", "status", "created",
            "updated", "usage", "metadata", "finish_reason", "model", "continues", "calls"});
  PlacedInput placed;
  placed.input.id = in.id<MessageId>("id");
  placed.parent = in.maybe_id<MessageId>("parent");
  placed.input.role = in.has("role") ? in.name<Role>("role") : Role::user;
  placed.input.author = in.maybe_text("author");
  placed.input.metadata = in.maybe_json("metadata");
  for (const char* more : {"run", "status", "created", "updated", "usage", "finish_reason", "model",
                           "continues", "calls"}) {
    placed.has_more = placed.has_more || in.has(more);
  }
  if (in.has("text")) {
    placed.input.parts = {TextPart{in.text("text")}};
  } else {
    placed.input.parts = parts_of(in);
  }
  if (!wrong.empty()) return fail(Kind::rejected, codes::invalid, "a message in which " + wrong);
  return placed;
}

}  // namespace lockstep
