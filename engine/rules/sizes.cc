// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/sizes.h"

namespace lockstep {
namespace {

// About the cost of a row besides its texts: its fields, and its place in a container.
constexpr std::size_t row_bytes = 64;

template <class... Kinds>
struct Visitor : Kinds... {
  using Kinds::operator()...;
};

std::size_t size_of(const std::optional<Json>& json) { return json ? json->text.size() : 0; }
std::size_t size_of(const std::optional<std::string>& text) { return text ? text->size() : 0; }
std::size_t size_of(const std::optional<RunError>& error) {
  return error ? error->code.size() + error->detail.size() : 0;
}
std::size_t size_of(const CallNote& note) { return row_bytes + note.reason.size(); }
std::size_t size_of(const std::optional<std::vector<std::string>>& names) {
  std::size_t bytes = 0;
  if (names) {
    for (const std::string& name : *names) bytes += sizeof(name) + name.size();
  }
  return bytes;
}
std::size_t size_of(const std::vector<CallNote>& notes) {
  std::size_t bytes = 0;
  for (const CallNote& note : notes) bytes += size_of(note);
  return bytes;
}
std::size_t size_of(const Finish& finish) { return size_of(finish.reason) + size_of(finish.model); }

}  // namespace

std::size_t size_of(const Part& part) {
  return row_bytes +
         std::visit(
             Visitor{
                 [](const TextPart& text) { return text.text.size(); },
                 [](const ReasoningPart& reasoning) { return reasoning.text.size(); },
                 [](const ToolCallPart& call) {
                   return call.id.size() + call.name.size() + call.arguments.size();
                 },
                 [](const ToolResultPart& result) {
                   return result.call.size() + result.content.size();
                 },
                 [](const FilePart& file) {
                   return file.uri.size() + size_of(file.media_type) + size_of(file.name);
                 },
                 [](const DataPart& data) { return data.name.size() + data.value.text.size(); }},
             part);
}

namespace {

std::size_t size_of(const Parts& parts) {
  std::size_t bytes = row_bytes;
  for (const Part& part : parts) bytes += size_of(part);
  return bytes;
}

std::size_t size_of(const std::vector<MessageInput>& input) {
  std::size_t bytes = 0;
  for (const MessageInput& message : input) bytes += lockstep::size_of(message);
  return bytes;
}

std::size_t size_of(const Event& event) {
  return row_bytes +
         std::visit(
             Visitor{[](const ThreadUpdated& it) {
                       return size_of(it.title) + size_of(it.metadata) + size_of(it.approved_tools);
                     },
                     [](const MessagePut& it) { return size_of(it.message); },
                     [](const MessageCreated& it) { return size_of(it.author); },
                     [](const PartStarted& it) { return size_of(it.value); },
                     [](const ContentAppended& it) { return it.text.size(); },
                     [](const MessageEnded& it) { return size_of(it.usage) + size_of(it.finish); },
                     [](const MessageCut& it) { return it.keep.size() * sizeof(Units); },
                     [](const MessageDeleted&) { return std::size_t{0}; },
                     [](const HeadMoved&) { return std::size_t{0}; },
                     [](const RunQueued& it) { return size_of(it.input) + size_of(it.params); },
                     [](const RunStarted&) { return std::size_t{0}; },
                     [](const RunEnded& it) {
                       return size_of(it.usage) + size_of(it.error) + size_of(it.finish);
                     },
                     [](const RepairsNoted& it) { return lockstep::size_of(it.repairs); },
                     [](const OpaqueNoted& it) { return lockstep::size_of(it.data); },
                     [](const AttemptStarted& it) { return size_of(it.model) + size_of(it.error); },
                     [](const CallNoted& it) { return size_of(it.note); },
                     [](const ResumeNoted& it) { return it.resume.why.size(); }},
             event);
}

std::size_t size_of(const Change& change) {
  return row_bytes +
         std::visit(
             Visitor{[](const StartRun& it) {
                       return size_of(it.input) + size_of(it.params) + it.needs.size() * sizeof(Op);
                     },
                     [](const PutMessage& it) {
                       return size_of(it.parts) + size_of(it.author) + size_of(it.metadata);
                     },
                     [](const DeleteMessage&) { return std::size_t{0}; },
                     [](const StopRun& it) { return it.shown.size() * sizeof(Shown); },
                     [](const MoveHead&) { return std::size_t{0}; },
                     [](const UpdateThread& it) {
                       return size_of(it.title) + size_of(it.metadata) + size_of(it.approved_tools);
                     },
                     [](const AnswerCall& it) { return it.call.size() + it.content.size(); },
                     [](const DecideCall& it) { return it.call.size() + it.reason.size(); }},
             change.what);
}

}  // namespace

std::size_t size_of(const Message& message) {
  return row_bytes + size_of(message.parts) + size_of(message.author) + size_of(message.usage) +
         size_of(message.metadata) + size_of(message.finish) + size_of(message.opaque) +
         size_of(message.calls);
}

std::size_t size_of(const OpaqueData& data) {
  return row_bytes + data.origin.size() + data.value.text.size();
}

std::size_t size_of(const Opaque& opaque) {
  std::size_t bytes = 0;
  for (const OpaqueData& data : opaque) bytes += size_of(data);
  return bytes;
}

std::size_t size_of(const std::vector<NotedRepair>& repairs) {
  std::size_t bytes = 0;
  for (const NotedRepair& repair : repairs) {
    bytes += row_bytes + repair.kind.size();
    for (const std::string& id : repair.ids) bytes += sizeof(id) + id.size();
  }
  return bytes;
}

std::size_t size_of(const MessageInput& input) {
  return size_of(input.parts) + size_of(input.author) + size_of(input.metadata);
}

std::size_t size_of(const Entry& entry) {
  std::size_t bytes = row_bytes + entry.acks.size() * row_bytes;
  for (const Event& event : entry.events) bytes += size_of(event);
  return bytes;
}

std::size_t size_of(const ChangeRequest& request) {
  std::size_t bytes = row_bytes;
  for (const Change& change : request.changes) bytes += size_of(change);
  return bytes;
}

std::size_t size_of(const Step& step) {
  return row_bytes +
         std::visit(
             Visitor{[](const OpenMessage& it) { return size_of(it.author); },
                     [](const StartPart& it) { return size_of(it.value); },
                     [](const AppendContent& it) { return it.text.size(); },
                     [](const EndMessage& it) { return size_of(it.usage) + size_of(it.finish); },
                     [](const EndRun& it) {
                       return size_of(it.usage) + size_of(it.error) + size_of(it.finish);
                     },
                     [](const NoteRepairs& it) { return size_of(it.repairs); },
                     [](const NoteOpaque& it) { return size_of(it.data); },
                     [](const NoteCall& it) { return size_of(it.note); },
                     [](const CutMessage& it) { return it.keep.size() * sizeof(Units); }},
             step.what);
}

std::size_t size_of(const std::vector<Message>& path) {
  std::size_t bytes = 0;
  for (const Message& message : path) bytes += size_of(message);
  return bytes;
}

std::size_t size_of(const StepBatch& batch) {
  std::size_t bytes = row_bytes;
  for (const Step& step : batch.steps) bytes += size_of(step);
  return bytes;
}

}  // namespace lockstep
