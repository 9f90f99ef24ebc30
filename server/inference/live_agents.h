// SPDX-License-Identifier: Apache-2.0
// live_agents.h: the present agents, which a new configuration can replace.
//
// The server can read the configuration again while it runs. A run keeps the agent that it began
// with: the driver holds a reference, so a replaced set lives until its last run has ended. A
// queued run gets the agent that has its name when the run starts.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/agents.h"

namespace lockstep {

class LiveAgents final : public Agents {
 public:
  explicit LiveAgents(std::shared_ptr<const AgentSet> set) : set_(std::move(set)) {}
  LiveAgents(const LiveAgents&) = delete;
  LiveAgents& operator=(const LiveAgents&) = delete;

  void replace(std::shared_ptr<const AgentSet> set) { set_ = std::move(set); }

  // Null if no agent has this name. The pointer keeps the whole set alive.
  [[nodiscard]] std::shared_ptr<Agent> find(const AgentName& name) const {
    return {set_, set_->find(name)};
  }
  [[nodiscard]] std::optional<AgentFace> face(const AgentName& name) const {
    return set_->face(name);
  }
  [[nodiscard]] std::vector<AgentFace> faces() const { return set_->faces(); }
  [[nodiscard]] std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const override {
    return set_->settings(agent, params);
  }
  [[nodiscard]] std::optional<std::string> refusal(
      const AgentName& agent, const std::optional<Json>& params) const override {
    return set_->refusal(agent, params);
  }
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const override {
    return set_->outlives(agent, settings);
  }
  [[nodiscard]] bool wrote_outside(std::string_view settings) const override {
    return set_->wrote_outside(settings);
  }
  [[nodiscard]] bool asks_before(const AgentName& agent, std::string_view tool) const override {
    return set_->asks_before(agent, tool);
  }
  [[nodiscard]] std::chrono::microseconds answer_time(const AgentName& agent) const override {
    return set_->answer_time(agent);
  }
  [[nodiscard]] std::optional<AgentName> fallback(const AgentName& agent) const {
    return set_->fallback(agent);
  }

  [[nodiscard]] std::optional<WorkerConfig> worker(const AgentName& agent) const {
    return set_->worker(agent);
  }

 private:
  std::shared_ptr<const AgentSet> set_;
};

}  // namespace lockstep
