// SPDX-License-Identifier: Apache-2.0
// json_reader.h: JSON from outside, read once and strictly.
//
// The one reader of requests, of socket messages, of what model servers send and of the tools'
// files. It refuses while it reads: at the first value beyond a limit, at a name that stands twice
// in its object, at the first byte that is no JSON. What it gives is a `JsonDocument`.
//
// Time is that of one walk over the text, whatever the text: no names are hashed, and those of an
// object are sorted once to find one that stands twice.
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
  bool takes_twins = false;         // a name that stands twice in an object
  bool takes_invalid_utf8 = false;  // a piece of a text that goes on elsewhere
};

// Why a text is refused. `malformed`: it is no JSON. `too_large`: JSON beyond a limit, of its depth
// too. `twin`: a name stands twice in an object.
struct JsonRefusal {
  enum class Kind : std::uint8_t { malformed, too_large, twin };
  Kind kind = Kind::malformed;
  std::string detail;  // a sentence's end: "has more than 8192 members"
  std::string path;    // `changes[0].message`; empty: the whole text
};

// Requires: fewer than 4 GiB.
[[nodiscard]] std::expected<JsonDocument, JsonRefusal> read_json(std::string_view text,
                                                                 const JsonRules& rules);

// Of a text of our own, which only has to end: nothing but the depth is bounded.
[[nodiscard]] constexpr JsonRules unbounded_json(std::size_t depth_max) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  return {.depth_max = depth_max,
          .members_max = none,
          .elements_max = none,
          .nodes_max = none,
          .name_bytes_max = none,
          .takes_twins = true};
}

// Is it one JSON object, and nothing else? Nothing of it is kept, so nothing but the depth is
// bounded.
[[nodiscard]] bool is_json_object(std::string_view text, std::size_t depth_max);
// Up to the depth `json_depth_max`.
[[nodiscard]] bool is_json_object(std::string_view text);

}  // namespace lockstep
