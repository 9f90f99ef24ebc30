// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/written.h"

#include <gtest/gtest.h>

#include <variant>

#include "engine/base/text.h"
#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

template <class T>
std::string joined(const Parts& parts) {
  std::string text;
  for (const Part& part : parts) {
    if (const T* piece = std::get_if<T>(&part)) text += piece->text;
  }
  return text;
}

}  // namespace

void Written::take(const std::vector<Step>& steps) {
  for (const Step& step : steps) take_one(step);
}

void Written::take_one(const Step& step) {
  ASSERT_FALSE(end) << "a step behind the run's end";
  if (const auto* open = std::get_if<OpenMessage>(&step.what)) {
    ASSERT_TRUE(is_id(open->message.get())) << open->message.get();
    ASSERT_EQ(find(open->message), nullptr) << "a message was opened twice";
    messages.push_back({open->message, open->author, {}, {}, {}});
  } else if (const auto* start = std::get_if<StartPart>(&step.what)) {
    WrittenMessage* message = find(start->message);
    ASSERT_TRUE(message && !message->ended);
    ASSERT_EQ(start->part, message->parts.size());
    const std::string* text = growing_text(start->value);
    ASSERT_TRUE(!text || is_utf8(*text));
    if (const auto* data = std::get_if<DataPart>(&start->value)) {
      ASSERT_TRUE(is_utf8(data->value.text) && is_utf8(data->name));
    }
    message->parts.push_back(start->value);
  } else if (const auto* append = std::get_if<AppendContent>(&step.what)) {
    WrittenMessage* message = find(append->message);
    ASSERT_TRUE(message && !message->ended);
    ASSERT_LT(append->part, message->parts.size());
    ASSERT_FALSE(append->text.empty());
    ASSERT_TRUE(is_utf8(append->text)) << append->text;
    std::string* text = growing_text(message->parts[append->part]);
    ASSERT_TRUE(text) << "the part can't grow";
    *text += append->text;
  } else if (const auto* ended = std::get_if<EndMessage>(&step.what)) {
    WrittenMessage* message = find(ended->message);
    ASSERT_TRUE(message && !message->ended);
    message->ended = ended->status;
    message->usage = ended->usage;
    message->finish = ended->finish;
  } else if (const auto* note = std::get_if<NoteOpaque>(&step.what)) {
    WrittenMessage* message = find(note->message);
    ASSERT_TRUE(message && !message->ended);
    ASSERT_TRUE(!note->data.part || *note->data.part < message->parts.size());
    ASSERT_TRUE(is_json_object(note->data.value.text)) << note->data.value.text;
    message->opaque.put(note->data);
  } else {
    ASSERT_TRUE(std::holds_alternative<EndRun>(step.what)) << "a step that no decoder writes";
    end = std::get<EndRun>(step.what);
  }
}

WrittenMessage* Written::find(const MessageId& id) {
  for (WrittenMessage& message : messages) {
    if (message.id == id) return &message;
  }
  return nullptr;
}

std::string Written::text(std::size_t message) const {
  return message < messages.size() ? joined<TextPart>(messages[message].parts) : "";
}

std::string Written::reasoning(std::size_t message) const {
  return message < messages.size() ? joined<ReasoningPart>(messages[message].parts) : "";
}

std::vector<ToolCallPart> Written::calls() const {
  std::vector<ToolCallPart> calls;
  for (const WrittenMessage& message : messages) {
    for (const Part& part : message.parts) {
      if (const auto* call = std::get_if<ToolCallPart>(&part)) calls.push_back(*call);
    }
  }
  return calls;
}

std::string Written::shape() const {
  std::string shape;
  if (messages.empty()) return shape;
  for (const Part& part : messages.front().parts) {
    if (!shape.empty()) shape += ' ';
    if (std::holds_alternative<TextPart>(part)) shape += "text";
    if (std::holds_alternative<ReasoningPart>(part)) shape += "reasoning";
    if (std::holds_alternative<ToolCallPart>(part)) shape += "call";
    if (std::holds_alternative<FilePart>(part)) shape += "file";
    if (std::holds_alternative<DataPart>(part)) shape += "data";
  }
  return shape;
}

std::string Written::opaque(std::uint32_t part) const {
  if (messages.empty()) return "";
  const OpaqueData* data = messages.front().opaque.of(part);
  return data ? data->value.text : "";
}

}  // namespace lockstep
