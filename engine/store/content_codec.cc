// SPDX-License-Identifier: Apache-2.0
#include "engine/store/content_codec.h"

namespace lockstep::packed {
namespace {

// The first and the last of each table must agree with the schema, so that reordering only one of
// the two does not compile.
static_assert(role_table[0] == Role::user && schema::Role::USER == schema::Role(0));
static_assert(role_table[3] == Role::tool && schema::Role::TOOL == schema::Role(3));
static_assert(message_status_table[1] == MessageStatus::open &&
              schema::MessageStatus::OPEN == schema::MessageStatus(1));
static_assert(message_status_table[4] == MessageStatus::interrupted &&
              schema::MessageStatus::INTERRUPTED == schema::MessageStatus(4));
static_assert(run_status_table[1] == RunStatus::queued &&
              schema::RunStatus::QUEUED == schema::RunStatus(1));
static_assert(run_status_table[6] == RunStatus::superseded &&
              schema::RunStatus::SUPERSEDED == schema::RunStatus(6));
static_assert(change_type_table[7] == ChangeType::decide_call &&
              schema::ChangeType::DECIDE_CALL == schema::ChangeType(7));
static_assert(call_status_table[0] == CallStatus::needs_approval &&
              schema::CallStatus::NEEDS_APPROVAL == schema::CallStatus(0));
static_assert(call_status_table[3] == CallStatus::running &&
              schema::CallStatus::RUNNING == schema::CallStatus(3));
static_assert(resume_status_table[0] == ResumeStatus::asked &&
              schema::ResumeStatus::ASKED == schema::ResumeStatus(0));
static_assert(resume_status_table[3] == ResumeStatus::given_up &&
              schema::ResumeStatus::GIVEN_UP == schema::ResumeStatus(3));
static_assert(place_kind_table[1] == Place::Kind::parent &&
              schema::PlaceKind::PARENT == schema::PlaceKind(1));
static_assert(message_status_table[0] == MessageStatus::complete &&
              schema::MessageStatus::COMPLETE == schema::MessageStatus(0));
static_assert(run_status_table[0] == RunStatus::completed &&
              schema::RunStatus::COMPLETED == schema::RunStatus(0));
static_assert(change_type_table[0] == ChangeType::start_run &&
              schema::ChangeType::START_RUN == schema::ChangeType(0));
static_assert(place_kind_table[0] == Place::Kind::after &&
              schema::PlaceKind::AFTER == schema::PlaceKind(0));

struct PartWriter {
  schema::Part::Builder to;

  void operator()(const TextPart& part) { to.setText(bytes_of(part.text)); }
  void operator()(const ReasoningPart& part) { to.setReasoning(bytes_of(part.text)); }
  void operator()(const ToolCallPart& part) {
    auto call = to.initToolCall();
    call.setId(bytes_of(part.id));
    call.setName(bytes_of(part.name));
    call.setArguments(bytes_of(part.arguments));
  }
  void operator()(const ToolResultPart& part) {
    auto result = to.initToolResult();
    result.setCall(bytes_of(part.call));
    result.setContent(bytes_of(part.content));
    result.setMade(part.made);
    result.setFailed(part.failed);
  }
  void operator()(const FilePart& part) {
    auto file = to.initFile();
    file.setUri(bytes_of(part.uri));
    if (part.media_type) file.setMediaType(bytes_of(*part.media_type));
    if (part.name) file.setName(bytes_of(*part.name));
  }
  void operator()(const DataPart& part) {
    auto value = to.initData();
    value.setName(bytes_of(part.name));
    value.setValue(bytes_of(part.value.text));
  }
};

}  // namespace

void write(capnp::List<std::uint32_t>::Builder to, const std::vector<std::uint32_t>& numbers) {
  MUST(to.size() == numbers.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) to.set(place, numbers[place]);
}

std::vector<std::uint32_t> read(capnp::List<std::uint32_t>::Reader from) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(from.size());
  for (const std::uint32_t number : from) numbers.push_back(number);
  return numbers;
}

void write(schema::Part::Builder to, const Part& part) { std::visit(PartWriter{to}, part); }

Part read(schema::Part::Reader from, Damage& damage) {
  switch (from.which()) {
    case schema::Part::TEXT:
      return TextPart{text(from.getText(), damage)};
    case schema::Part::REASONING:
      return ReasoningPart{text(from.getReasoning(), damage)};
    case schema::Part::TOOL_CALL: {
      const auto call = from.getToolCall();
      return ToolCallPart{text(call.getId(), damage), text(call.getName(), damage),
                          text(call.getArguments(), damage)};
    }
    case schema::Part::TOOL_RESULT: {
      const auto result = from.getToolResult();
      return ToolResultPart{text(result.getCall(), damage), text(result.getContent(), damage),
                            result.getMade(), result.getFailed()};
    }
    case schema::Part::FILE: {
      const auto file = from.getFile();
      return FilePart{text(file.getUri(), damage),
                      optional_text(file.hasMediaType(), file.getMediaType(), damage),
                      optional_text(file.hasName(), file.getName(), damage)};
    }
    case schema::Part::DATA: {
      const auto value = from.getData();
      return DataPart{text(value.getName(), damage), Json{text(value.getValue(), damage)}};
    }
  }
  damage.unsupported("a part is of the unknown kind " +
                     std::to_string(static_cast<unsigned>(from.which())));
  return TextPart{};
}

void write(capnp::List<schema::Part>::Builder to, const Parts& parts) {
  MUST(to.size() == parts.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) write(to[place], parts[place]);
}

std::vector<Part> read(capnp::List<schema::Part>::Reader from, Damage& damage) {
  std::vector<Part> parts;
  parts.reserve(from.size());
  for (const schema::Part::Reader part : from) parts.push_back(read(part, damage));
  return parts;
}

void write(capnp::List<schema::MessageInput>::Builder to, const std::vector<MessageInput>& inputs) {
  MUST(to.size() == inputs.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) {
    const MessageInput& input = inputs[place];
    auto stored_input = to[place];
    stored_input.setId(bytes_of(input.id.get()));
    stored_input.setRole(stored<schema::Role>(role_table, input.role));
    if (!input.parts.empty()) write(stored_input.initParts(count(input.parts.size())), input.parts);
    if (input.author) stored_input.setAuthor(bytes_of(*input.author));
    if (input.metadata) stored_input.setMetadata(bytes_of(input.metadata->text));
  }
}

std::vector<MessageInput> read(capnp::List<schema::MessageInput>::Reader from, Damage& damage) {
  std::vector<MessageInput> inputs;
  for (const schema::MessageInput::Reader input : from) {
    inputs.push_back({.id = MessageId(id(input.getId(), damage)),
                      .role = value_of(role_table, input.getRole(), damage),
                      .parts = read(input.getParts(), damage),
                      .author = optional_text(input.hasAuthor(), input.getAuthor(), damage),
                      .metadata = optional_json(input.hasMetadata(), input.getMetadata(), damage)});
  }
  return inputs;
}

Finish read(schema::Finish::Reader from, Damage& damage) {
  return {optional_text(from.hasReason(), from.getReason(), damage),
          optional_text(from.hasModel(), from.getModel(), damage)};
}

void write(capnp::List<schema::NotedRepair>::Builder to, const std::vector<NotedRepair>& repairs) {
  MUST(to.size() == repairs.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) {
    const NotedRepair& repair = repairs[place];
    auto stored_repair = to[place];
    stored_repair.setKind(bytes_of(repair.kind));
    stored_repair.setCount(repair.count);
    if (repair.ids.empty()) continue;
    auto ids = stored_repair.initIds(count(repair.ids.size()));
    for (std::uint32_t at = 0; at < ids.size(); ++at) ids.set(at, bytes_of(repair.ids[at]));
  }
}

std::vector<NotedRepair> read(capnp::List<schema::NotedRepair>::Reader from, Damage& damage) {
  std::vector<NotedRepair> repairs;
  repairs.reserve(from.size());
  for (const schema::NotedRepair::Reader stored_repair : from) {
    NotedRepair& repair = repairs.emplace_back();
    repair.kind = text(stored_repair.getKind(), damage);
    repair.count = stored_repair.getCount();
    for (const capnp::Data::Reader id : stored_repair.getIds()) {
      repair.ids.push_back(text(id, damage));
    }
  }
  return repairs;
}

void write(schema::OpaqueData::Builder to, const OpaqueData& data) {
  if (data.part) to.setPart(*data.part + 1);
  to.setOrigin(bytes_of(data.origin));
  to.setValue(bytes_of(data.value.text));
}

OpaqueData read(schema::OpaqueData::Reader from, Damage& damage) {
  const std::uint32_t part = from.getPart();
  return {part == 0 ? std::nullopt : std::optional(part - 1), text(from.getOrigin(), damage),
          Json{text(from.getValue(), damage)}};
}

Opaque read(capnp::List<schema::OpaqueData>::Reader from, Damage& damage) {
  Opaque opaque;
  for (const schema::OpaqueData::Reader data : from) opaque.put(read(data, damage));
  return opaque;
}

void write(schema::CallNote::Builder to, const CallNote& note) {
  to.setPart(note.part);
  to.setStatus(stored<schema::CallStatus>(call_status_table, note.status));
  if (!note.reason.empty()) to.setReason(bytes_of(note.reason));
}

CallNote read(schema::CallNote::Reader from, Damage& damage) {
  return {from.getPart(), value_of(call_status_table, from.getStatus(), damage),
          text(from.getReason(), damage)};
}

void write(capnp::List<schema::CallNote>::Builder to, const std::vector<CallNote>& notes) {
  MUST(to.size() == notes.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) write(to[place], notes[place]);
}

std::vector<CallNote> read(capnp::List<schema::CallNote>::Reader from, Damage& damage) {
  std::vector<CallNote> notes;
  for (const schema::CallNote::Reader note : from) notes.push_back(read(note, damage));
  return notes;
}

void write(schema::Resume::Builder to, const Resume& resume) {
  to.setStatus(stored<schema::ResumeStatus>(resume_status_table, resume.status));
  to.setUntil(resume.until.get());
  if (resume.next) to.setNext(bytes_of(resume.next->get()));
  if (!resume.why.empty()) to.setWhy(bytes_of(resume.why));
}

Resume read(schema::Resume::Reader from, Damage& damage) {
  Resume resume;
  resume.status = value_of(resume_status_table, from.getStatus(), damage);
  resume.until = Timestamp(from.getUntil());
  if (from.hasNext()) resume.next = RunId(id(from.getNext(), damage));
  resume.why = text(from.getWhy(), damage);
  return resume;
}

void write(capnp::List<capnp::Data>::Builder to, const std::vector<std::string>& texts) {
  MUST(to.size() == texts.size());
  for (std::uint32_t place = 0; place < to.size(); ++place) to.set(place, bytes_of(texts[place]));
}

std::vector<std::string> read(capnp::List<capnp::Data>::Reader from, Damage& damage) {
  std::vector<std::string> texts;
  for (const capnp::Data::Reader each : from) texts.push_back(text(each, damage));
  return texts;
}

void write(schema::RunError::Builder to, const RunError& error) {
  to.setCode(bytes_of(error.code));
  to.setDetail(bytes_of(error.detail));
}

RunError read(schema::RunError::Reader from, Damage& damage) {
  return {text(from.getCode(), damage), text(from.getDetail(), damage)};
}

void write(schema::Ack::Builder to, const Ack& ack, Timestamp base) {
  const Outcome& outcome = ack.outcome;
  MUST(outcome.op.has_value());
  MUST(!outcome.duplicate);
  to.setOp(outcome.op->get());
  to.setType(stored<schema::ChangeType>(change_type_table, outcome.type));
  to.setRefused(!outcome.applied);
  // The distance 0 costs nothing and means the entry's own timestamp, so an outcome without an
  // entry needs a flag.
  to.setUntimed(outcome.at == Timestamp());
  if (outcome.at != Timestamp()) to.setAtBack(base.get() - outcome.at.get());
  to.setContent(bytes_of(ack.content));
  if (outcome.message) to.setMessage(bytes_of(outcome.message->get()));
  if (outcome.run) to.setRun(bytes_of(outcome.run->get()));
  if (!outcome.code.empty()) to.setCode(bytes_of(outcome.code));
  if (!outcome.detail.empty()) to.setDetail(bytes_of(outcome.detail));
}

Ack read(schema::Ack::Reader from, Timestamp base, Damage& damage) {
  Ack ack;
  ack.content = hash(from.getContent(), damage);
  Outcome& outcome = ack.outcome;
  outcome.op = Op(from.getOp());
  outcome.type = value_of(change_type_table, from.getType(), damage);
  outcome.applied = !from.getRefused();
  if (!from.getUntimed()) outcome.at = Timestamp(base.get() - from.getAtBack());
  if (from.hasMessage()) outcome.message = MessageId(id(from.getMessage(), damage));
  if (from.hasRun()) outcome.run = RunId(id(from.getRun(), damage));
  outcome.code = text(from.getCode(), damage);
  outcome.detail = text(from.getDetail(), damage);
  return ack;
}

}  // namespace lockstep::packed
