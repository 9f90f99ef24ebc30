// SPDX-License-Identifier: Apache-2.0
// json.h: a lossless value for JSON.
//
// An export must give imported JSON back as it was. So a number keeps its spelling (a parsed 0.1 or
// 1e400 would come back as another number), fields keep their order, and duplicate fields stay.
// `JsonStyle` is the spelling of the output: `compact` like the server's (UTF-8, the fewest
// escapes), or `spaced` like the default of Python's json.dumps (a space after `,` and `:`,
// non-ASCII characters escaped), which most published data sets use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace lockstep {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  using Fields = std::vector<std::pair<std::string, JsonValue>>;

  Kind kind = Kind::null;
  bool boolean = false;
  std::string text;  // a string's content, or a number as it was written
  std::vector<JsonValue> items;
  Fields fields;
  friend bool operator==(const JsonValue&, const JsonValue&) = default;

  [[nodiscard]] static JsonValue of_text(std::string_view text);
  [[nodiscard]] static JsonValue of_number(std::uint64_t number);
  [[nodiscard]] static JsonValue of_boolean(bool boolean);
  [[nodiscard]] static JsonValue of_items(std::vector<JsonValue> items);
  [[nodiscard]] static JsonValue of_fields(Fields fields);

  // Null if the field is missing or this is not an object. Of duplicate fields, the last.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
};

// Fails with `malformed`, and names the place in `detail`: bad JSON, invalid UTF-8, or more than
// 256 levels.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text);

enum class JsonStyle : std::uint8_t { compact, spaced };
void append_json(std::string& out, const JsonValue& value, JsonStyle style = JsonStyle::compact);
[[nodiscard]] std::string to_text(const JsonValue& value, JsonStyle style = JsonStyle::compact);

}  // namespace lockstep
