// SPDX-License-Identifier: Apache-2.0
// json.h: JSON that loses nothing.
//
// What is imported must be exported again as it was. So a number is kept as it was written (a
// parsed 0.1 or 1e400 would come back as something else), fields keep their order, and one that
// stands twice stays twice. `Style` says how it is written: `compact` as the server writes (UTF-8
// as it is, the fewest escapes), `spaced` as Python's json.dumps does by default (a space after `,`
// and `:`, all but ASCII escaped), which is what most published data sets are written with.
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

  // Null if there is none, or this is no object. Of several the last.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
};

// Fails with `malformed`, and where in `detail`: bad JSON, invalid UTF-8, deeper than 256.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text);

enum class JsonStyle : std::uint8_t { compact, spaced };
void append_json(std::string& out, const JsonValue& value, JsonStyle style = JsonStyle::compact);
[[nodiscard]] std::string to_text(const JsonValue& value, JsonStyle style = JsonStyle::compact);

}  // namespace lockstep
