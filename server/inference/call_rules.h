// SPDX-License-Identifier: Apache-2.0
// call_rules.h: which calls of an agent need a person, how long their answers may take, and which
// agent takes over.
//
// An operator lists the tools whose calls a person must approve first. The engine asks by name when
// a call begins, for every kind of agent, so that no model and no back end can leave it out.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/rules/call_limits.h"

namespace lockstep {

struct CallRules {
  std::vector<std::string> ask_before;  // names of tools; `*`: all
  std::chrono::milliseconds answer_time = limits::answer_time_default;
  std::optional<AgentName> fallback;  // of a run that has shown nothing when its agent failed

  [[nodiscard]] bool asks_before(std::string_view tool) const {
    return std::ranges::any_of(
        ask_before, [&](const std::string& name) { return name == "*" || name == tool; });
  }
};

}  // namespace lockstep
