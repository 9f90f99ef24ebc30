// SPDX-License-Identifier: Apache-2.0
// json_text.h: JSON as text.
//
// What is sent to a model can be shown again, byte by byte, for ever. So it is never written by a
// library whose way of writing a number may change: strings are escaped here, and values that
// someone else wrote (parameters, tools' schemas) are passed on as the very text they came in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Appends `text` in quotes. Only what JSON demands is escaped. Requires: valid UTF-8.
void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] std::string json_string(std::string_view text);

struct JsonMember {
  std::string key;
  std::string value;  // JSON, as it stood there
  friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

// The members of an object in their order; nothing if the text is not one JSON object.
[[nodiscard]] std::optional<std::vector<JsonMember>> json_members(std::string_view text);

[[nodiscard]] bool is_json_object(std::string_view text);

}  // namespace lockstep
