// SPDX-License-Identifier: Apache-2.0
// agents.h: what the engine knows of the agents that runs can ask for.
//
// The engine does not know models. To start a run it needs two facts: that the agent exists, and
// its settings, which the model gets besides the path (system prompt, tools, parameters). The
// engine stores settings, once per content, before a byte goes to the model. The server implements
// this interface; its answers depend only on the configuration and the run's parameters.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/rules/call_limits.h"
#include "engine/rules/event.h"

namespace lockstep {

struct AgentSettings {
  std::string bytes;  // canonical JSON: all that shapes the request besides the path
  std::optional<std::string> model;
};

class Agents {
 public:
  virtual ~Agents() = default;
  // Nothing if there is no such agent.
  [[nodiscard]] virtual std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const = 0;
  // Why a run of this agent may not have these parameters: a sentence for the caller. Nothing: it
  // may, or there is no such agent. The door asks it for a new run, and the start for one that has
  // waited, because the configuration may have changed.
  [[nodiscard]] virtual std::optional<std::string> refusal(
      const AgentName& /*agent*/, const std::optional<Json>& /*params*/) const {
    return {};
  }
  // If the run's writer is another process (kind `push`), which goes on when the server ends: how
  // long it may send nothing. Nothing: the run ends with this process.
  [[nodiscard]] virtual std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const = 0;
  // Must a person approve a call of this tool before it gets a result?
  [[nodiscard]] virtual bool asks_before(const AgentName& /*agent*/,
                                         std::string_view /*tool*/) const {
    return false;
  }
  // How long a run of this agent waits for the answers to its calls, if it is to be resumed.
  [[nodiscard]] virtual std::chrono::microseconds answer_time(const AgentName& /*agent*/) const {
    return limits::answer_time_default;
  }
  // Were runs with these settings written by another process?
  [[nodiscard]] virtual bool wrote_outside(std::string_view /*settings*/) const { return false; }
};

}  // namespace lockstep
