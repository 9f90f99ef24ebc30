#include "tools/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdio>
#include <limits>

#include "engine/must.h"

namespace lockstep {
namespace {

constexpr std::size_t depth_max = 256;

// What Boost.JSON's parser reports, piled up to a value.
struct Builder {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Code = boost::json::error_code;
  using View = boost::json::string_view;

  std::vector<JsonValue> open;     // arrays and objects not closed yet, outermost first
  std::vector<std::string> names;  // of the fields that are being read
  std::string gathered;            // of the string, name or number that is being read
  JsonValue root;

  bool add(JsonValue value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().is(JsonValue::Kind::array)) {
      open.back().items.push_back(std::move(value));
    } else {
      open.back().fields.emplace_back(std::move(names.back()), std::move(value));
      names.pop_back();
    }
    return true;
  }
  bool begin(JsonValue::Kind kind) {
    open.emplace_back().kind = kind;
    return true;
  }
  bool end() {
    JsonValue closed = std::move(open.back());
    open.pop_back();
    return add(std::move(closed));
  }
  bool gather(View text) {
    gathered.append(text.data(), text.size());
    return true;
  }
  bool leaf(JsonValue::Kind kind) {
    JsonValue value;
    value.kind = kind;
    value.text = std::exchange(gathered, {});
    return add(std::move(value));
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return begin(JsonValue::Kind::array); }
  bool on_array_end(std::size_t, Code&) { return end(); }
  bool on_object_begin(Code&) { return begin(JsonValue::Kind::object); }
  bool on_object_end(std::size_t, Code&) { return end(); }
  bool on_string_part(View text, std::size_t, Code&) { return gather(text); }
  bool on_string(View text, std::size_t, Code&) {
    return gather(text) && leaf(JsonValue::Kind::string);
  }
  bool on_key_part(View text, std::size_t, Code&) { return gather(text); }
  bool on_key(View text, std::size_t, Code&) {
    gather(text);
    names.push_back(std::exchange(gathered, {}));
    return true;
  }
  bool on_number_part(View text, Code&) { return gather(text); }
  bool on_int64(std::int64_t, View text, Code&) {
    return gather(text) && leaf(JsonValue::Kind::number);
  }
  bool on_uint64(std::uint64_t, View text, Code&) {
    return gather(text) && leaf(JsonValue::Kind::number);
  }
  bool on_double(double, View text, Code&) { return gather(text) && leaf(JsonValue::Kind::number); }
  bool on_bool(bool boolean, Code&) { return add(JsonValue::of_boolean(boolean)); }
  bool on_null(Code&) { return add({}); }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }
};

void append_escape(std::string& out, unsigned unit) {
  char text[11];  // four digits, but the compiler counts with eight
  std::snprintf(text, sizeof text, "\\u%04x", unit);
  out += text;
}

// Requires: valid UTF-8, which all texts here are.
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
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  if (!code && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    code = boost::json::error::extra_data;
  }
  if (code) {
    return fail(Kind::rejected, "malformed",
                "not JSON: " + code.message() + " at byte " + std::to_string(used));
  }
  return std::move(parser.handler().root);
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
