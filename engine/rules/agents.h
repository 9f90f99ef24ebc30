// SPDX-License-Identifier: Apache-2.0
// agents.h: what the engine must know of the agents that runs can ask for.
//
// Storage does not know models. To start a run it needs to know that its agent exists and what will
// be sent beside the path (system prompt, tools, parameters), because that is stored, once per
// content, before a byte goes to the model. The server's agents answer both; the answer depends on
// nothing but the configuration and the run's parameters.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/rules/event.h"

namespace lockstep {

struct AgentSettings {
  std::string bytes;  // canonical JSON: all that shapes the request beside the path
  std::optional<std::string> model;
};

class Agents {
 public:
  virtual ~Agents() = default;
  // Nothing if there is no such agent.
  [[nodiscard]] virtual std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const = 0;
  // How long the writer of a run that was begun with these settings may say nothing, if it writes
  // from outside and so goes on when the server has gone. Nothing: the run ends with the process.
  [[nodiscard]] virtual std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const = 0;
  // Was the agent that had these settings written from outside?
  [[nodiscard]] virtual bool wrote_outside(std::string_view /*settings*/) const { return false; }
};

}  // namespace lockstep
