// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/json.h"

#include <cstdio>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

constexpr std::size_t depth_max = 256;

JsonValue value_of(JsonNode node) {
  JsonValue value;
  value.text = node.text();
  switch (node.kind()) {
    case JsonKind::null:
      break;
    case JsonKind::truth:
    case JsonKind::lie:
      return JsonValue::of_boolean(node.kind() == JsonKind::truth);
    case JsonKind::number:
      value.kind = JsonValue::Kind::number;
      break;
    case JsonKind::string:
      value.kind = JsonValue::Kind::string;
      break;
    case JsonKind::array:
      value.kind = JsonValue::Kind::array;
      value.items.reserve(node.size());
      node.each_element([&value](JsonNode item) { value.items.push_back(value_of(item)); });
      break;
    case JsonKind::object:
      value.kind = JsonValue::Kind::object;
      value.fields.reserve(node.size());
      node.each_member([&value](std::string_view name, JsonNode field) {
        value.fields.emplace_back(std::string(name), value_of(field));
      });
      break;
  }
  return value;
}

void append_escape(std::string& out, unsigned unit) {
  char text[11];  // four digits, but the compiler's check assumes eight
  std::snprintf(text, sizeof text, "\\u%04x", unit);
  out += text;
}

// Requires: valid UTF-8; the reader checked it.
void append_point_escaped(std::string& out, std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(text[place]); };
  const unsigned lead = byte(at);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  MUST(at + length <= text.size());
  unsigned point = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(at + i) & 0x3fU);
  at += length - 1;
  if (point < 0x10000) return append_escape(out, point);
  append_escape(out, 0xd800 + ((point - 0x10000) >> 10));
  append_escape(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

void append_string(std::string& out, std::string_view text, JsonStyle style) {
  out += '"';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    switch (byte) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    if (byte < 0x20) {
      append_escape(out, byte);
    } else if (byte >= 0x80 && style == JsonStyle::spaced) {
      append_point_escaped(out, text, at);
    } else {
      out += text[at];
    }
  }
  out += '"';
}

void append_array(std::string& out, const JsonValue& value, JsonStyle style) {
  out += '[';
  bool first = true;
  for (const JsonValue& item : value.items) {
    if (!std::exchange(first, false)) out += style == JsonStyle::spaced ? ", " : ",";
    append_json(out, item, style);
  }
  out += ']';
}

void append_object(std::string& out, const JsonValue& value, JsonStyle style) {
  out += '{';
  bool first = true;
  for (const auto& [name, field] : value.fields) {
    if (!std::exchange(first, false)) out += style == JsonStyle::spaced ? ", " : ",";
    append_string(out, name, style);
    out += style == JsonStyle::spaced ? ": " : ":";
    append_json(out, field, style);
  }
  out += '}';
}

JsonValue of_kind(JsonValue::Kind kind) {
  JsonValue value;
  value.kind = kind;
  return value;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (field->first == name) return &field->second;
  }
  return nullptr;
}

JsonValue JsonValue::of_text(std::string_view text) {
  JsonValue value = of_kind(JsonValue::Kind::string);
  value.text = text;
  return value;
}

JsonValue JsonValue::of_number(std::uint64_t number) {
  JsonValue value = of_kind(JsonValue::Kind::number);
  value.text = std::to_string(number);
  return value;
}

JsonValue JsonValue::of_boolean(bool boolean) {
  JsonValue value = of_kind(JsonValue::Kind::boolean);
  value.boolean = boolean;
  return value;
}

JsonValue JsonValue::of_items(std::vector<JsonValue> items) {
  JsonValue value = of_kind(JsonValue::Kind::array);
  value.items = std::move(items);
  return value;
}

JsonValue JsonValue::of_fields(Fields fields) {
  JsonValue value = of_kind(JsonValue::Kind::object);
  value.fields = std::move(fields);
  return value;
}

Result<JsonValue> parse_json(std::string_view text) {
  const auto read = read_json(text, unbounded_json(depth_max));
  if (!read) return fail(Kind::rejected, codes::malformed, "not JSON: " + read.error().detail);
  return value_of(read->root());
}

void append_json(std::string& out, const JsonValue& value, JsonStyle style) {
  switch (value.kind) {
    case JsonValue::Kind::null:
      out += "null";
      return;
    case JsonValue::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case JsonValue::Kind::number:
      out += value.text;
      return;
    case JsonValue::Kind::string:
      append_string(out, value.text, style);
      return;
    case JsonValue::Kind::array:
      append_array(out, value, style);
      return;
    case JsonValue::Kind::object:
      append_object(out, value, style);
      return;
  }
}

std::string to_text(const JsonValue& value, JsonStyle style) {
  std::string out;
  append_json(out, value, style);
  return out;
}

}  // namespace lockstep
