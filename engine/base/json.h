// SPDX-License-Identifier: Apache-2.0
// json.h: JSON as text.
//
// The engine stores it and never parses it: the server has checked it before. A type of its own
// keeps it apart from texts that people read.
#pragma once

#include <string>

namespace lockstep {

struct Json {
  std::string text;
  friend bool operator==(const Json&, const Json&) = default;
};

}  // namespace lockstep
