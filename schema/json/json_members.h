// SPDX-License-Identifier: Apache-2.0
// json_members.h: the members of an object, each value as it was written.
//
// What is sent to a model can be shown again, byte by byte, for ever. So values that someone else
// wrote (parameters, tools' schemas) are passed on as the very text they came in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct JsonMember {
  std::string key;
  std::string value;  // JSON, as it stood there
  friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

// The members of an object in their order; nothing if the text is not one JSON object.
[[nodiscard]] std::optional<std::vector<JsonMember>> json_members(std::string_view text);

}  // namespace lockstep
