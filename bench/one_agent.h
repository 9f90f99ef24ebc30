// SPDX-License-Identifier: Apache-2.0
// one_agent.h: agents for benchmarks of decisions, which need no model.
//
// Each name has the same settings, and no run outlives the process.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "engine/rules/agents.h"

namespace lockstep {

class OneAgent : public Agents {
 public:
  [[nodiscard]] std::optional<AgentSettings> settings(const AgentName&,
                                                      const std::optional<Json>&) const override {
    return AgentSettings{"{}", "model"};
  }
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& /*agent*/, std::string_view /*settings*/) const override {
    return std::nullopt;
  }
};

}  // namespace lockstep
