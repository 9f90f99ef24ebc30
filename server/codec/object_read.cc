// SPDX-License-Identifier: Apache-2.0
#include "server/codec/object_read.h"

#include <array>

#include "engine/base/limits.h"
#include "engine/rules/data_scheme.h"
#include "engine/rules/file_name.h"
#include "server/base/data_uri.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 4> roles{"system", "user", "assistant", "tool"};
constexpr std::array<std::string_view, 6> part_types{"text",        "reasoning", "tool_call",
                                                     "tool_result", "file",      "data"};

ToolCallPart read_tool_call(Object& object) {
  ToolCallPart part;
  part.id = object.need("id").text(limits::name_bytes_max);
  part.name = object.need("name").text(limits::name_bytes_max);
  part.arguments = object.need("arguments").text(limits::message_bytes_max);
  return part;
}

ToolResultPart read_tool_result(Object& object) {
  ToolResultPart part;
  part.call = object.need("call").text(limits::name_bytes_max);
  part.content = object.need("content").text(limits::message_bytes_max);
  if (const auto made = object.find("made")) part.made = made->flag();
  if (const auto failed = object.find("failed")) part.failed = failed->flag();
  return part;
}

// A name is one line of text, everywhere (file_name.h).
std::optional<std::string> read_line(Object& object, std::string_view field) {
  auto name = read_name(object, field);
  return name ? std::optional(file_name_line(*name)) : std::nullopt;
}

// The server makes a blob of a `data:` address (blob_door.h); a broken one is refused here, where
// its path is known.
std::string read_uri(const Spot& spot) {
  std::string uri = spot.text(limits::message_bytes_max);
  if (!is_data_uri(uri)) {
    if (uri.size() > limits::uri_bytes_max) spot.too_large(limits::uri_bytes_max);
    return uri;
  }
  uri.replace(0, data_scheme.size(), data_scheme);  // `DATA:` is the same scheme
  if (!read_data_uri(uri)) {
    spot.invalid(
        "is a `data:` address that can't be read: write its bytes in base64, with padding and "
        "without white space");
  }
  return uri;
}

FilePart read_file(Object& object) {
  FilePart part;
  part.uri = read_uri(object.need("uri"));
  part.media_type = read_line(object, "media_type");
  part.name = read_line(object, "name");
  return part;
}

DataPart read_data(Object& object) {
  DataPart part;
  part.name = object.need("name").text(limits::name_bytes_max);
  part.value = object.need("value").json(limits::message_bytes_max);
  return part;
}

Part read_part_of(std::size_t type, Object& object) {
  switch (type) {
    case 0:
      return TextPart{object.need("text").text(limits::message_bytes_max)};
    case 1:
      return ReasoningPart{object.need("text").text(limits::message_bytes_max)};
    case 2:
      return read_tool_call(object);
    case 3:
      return read_tool_result(object);
    case 4:
      return read_file(object);
    default:
      return read_data(object);
  }
}

}  // namespace

Role read_role(const Spot& spot) { return static_cast<Role>(spot.one_of(roles)); }

std::optional<std::string> read_name(Object& object, std::string_view field) {
  return read_if<std::string>(object, field,
                              [](const Spot& spot) { return spot.text(limits::name_bytes_max); });
}

std::optional<Json> read_metadata(Object& object) {
  return read_if<Json>(object, "metadata", [](const Spot& spot) {
    return spot.json_object(limits::metadata_bytes_max);
  });
}

Part read_part(const Spot& spot) {
  Object object(spot);
  const std::size_t type = object.need("type").one_of(part_types);
  if (spot.fault().is_set()) return TextPart{};
  Part part = read_part_of(type, object);
  object.closed();
  return part;
}

std::vector<Part> read_content(Object& object) {
  std::vector<Part> parts;
  const std::optional<Spot> text = object.find("text");
  const std::optional<Spot> list = object.find("parts");
  if (text && list) {
    list->invalid("must be left out where `text` is given");
  } else if (text) {
    parts.emplace_back(TextPart{text->text(limits::message_bytes_max)});
  } else if (list) {
    list->each(limits::parts_max, [&parts](const Spot& part) { parts.push_back(read_part(part)); });
  } else {
    object.spot().invalid("needs `text` or `parts`");
  }
  return parts;
}

MessageInput read_input(const Spot& spot) {
  Object object(spot);
  MessageInput input;
  if (const auto id = object.find("id")) input.id = MessageId(id->id());
  if (const auto role = object.find("role")) input.role = read_role(*role);
  input.parts = read_content(object);
  input.author = read_name(object, "author");
  input.metadata = read_metadata(object);
  object.closed();
  return input;
}

}  // namespace lockstep
