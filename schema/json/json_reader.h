// SPDX-License-Identifier: Apache-2.0
// json_reader.h: JSON from outside, read once and strictly.
//
// The one reader of requests, of socket messages, of model servers' answers and of the tools'
// files. It refuses a text while it reads: at the first value beyond a limit, at a name that its
// object has twice, at the first byte that is not JSON. Its result is a `JsonDocument`.
//
// It takes one walk over any text, and sorts the names of each object once to find repeated ones.
// It hashes no names, so no choice of names makes it slow.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "schema/json/json_document.h"
#include "schema/json/limits.h"

namespace lockstep {

struct JsonRules {
  std::size_t depth_max = 0;  // of arrays and objects in one another
  std::size_t members_max = limits::json_members_max;
  std::size_t elements_max = limits::json_elements_max;
  std::size_t nodes_max = limits::json_nodes_max;
  std::size_t name_bytes_max = limits::json_name_bytes_max;
  bool takes_twins = false;         // accepts a name that an object has twice
  bool takes_invalid_utf8 = false;  // for a piece of a text, which may end within a character
};

// Why a text is refused. `malformed`: it is not JSON. `too_large`: it is beyond a limit, or nested
// too deep. `twin`: a name stands twice in an object.
struct JsonRefusal {
  enum class Kind : std::uint8_t { malformed, too_large, twin };
  Kind kind = Kind::malformed;
  std::string detail;  // a sentence without its subject: "has more than 8192 members"
  std::string path;    // `changes[0].message`; empty: the whole text
};

// Requires: fewer than 4 GiB.
[[nodiscard]] std::expected<JsonDocument, JsonRefusal> read_json(std::string_view text,
                                                                 const JsonRules& rules);

// The rules for a text of our own: only the depth is bounded.
[[nodiscard]] constexpr JsonRules unbounded_json(std::size_t depth_max) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  return {.depth_max = depth_max,
          .members_max = none,
          .elements_max = none,
          .nodes_max = none,
          .name_bytes_max = none,
          .takes_twins = true};
}

// Is the text one JSON object, and nothing else? No value is kept, so only the depth is bounded.
[[nodiscard]] bool is_json_object(std::string_view text, std::size_t depth_max);
// The same with the depth `json_depth_max`.
[[nodiscard]] bool is_json_object(std::string_view text);

}  // namespace lockstep
