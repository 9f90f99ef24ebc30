// SPDX-License-Identifier: Apache-2.0
// json.h: text that the engine stores and never parses; the server has checked it before.
#pragma once

#include <string>

namespace lockstep {

struct Json {
  std::string text;
  friend bool operator==(const Json&, const Json&) = default;
};

}  // namespace lockstep
