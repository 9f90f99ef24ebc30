// SPDX-License-Identifier: Apache-2.0
// json_members.h: the members of an object, each value as it was written.
//
// Lockstep can show every request to a model again, byte by byte, for ever. So it passes values
// that others wrote (parameters, tools' schemas) on as the text in which they came.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct JsonMember {
  std::string key;
  std::string value;  // JSON, as it was written
  friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

// The members of an object in their order; nothing if the text is not one JSON object.
[[nodiscard]] std::optional<std::vector<JsonMember>> json_members(std::string_view text);
// One member of the object that `out` ends in, with a comma before it unless it is the first.
// `append_field_json` is for names of this project: it does not escape them.
void append_member(std::string& out, std::string_view key, std::string_view json);
// The object that has these members.
[[nodiscard]] std::string json_object(const std::vector<JsonMember>& members);

}  // namespace lockstep
