// SPDX-License-Identifier: Apache-2.0
// agent_face.h: what every front may know of an agent.
//
// Enough to offer a choice: the models, and what a run may set. It has no address, no header, no
// prompt and no key: those are the operator's. The engine does not use it; like producer.h it is
// between the server's front and inference, which do not know each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

// How many runs of an agent this process has at work, and how many wait for a slot.
struct AgentLoad {
  std::size_t running = 0;
  std::size_t waiting = 0;
  friend bool operator==(const AgentLoad&, const AgentLoad&) = default;
};

// What a model server takes for a million tokens, as the operator says.
struct TokenPrice {
  double input = 0;
  double output = 0;
  std::optional<double> cached_input;  // nothing: as `input`
  std::string currency;
  friend bool operator==(const TokenPrice&, const TokenPrice&) = default;
};

struct AgentFace {
  AgentName name;
  std::string kind;                 // openai, demo, push, …
  std::string model;                // without a choice of the run; empty: the agent names none
  std::vector<std::string> models;  // that a run may choose besides it
  bool any_model = false;
  std::vector<std::string> params;  // that a run may set
  bool any_params = false;
  std::optional<std::uint64_t> context_tokens;  // of request and answer
  std::optional<std::uint64_t> tokens_max;      // of an answer
  std::optional<std::uint32_t> runs_at_once;
  bool images = false;  // its models see images
  std::optional<TokenPrice> price{};
  AgentLoad load;
};

}  // namespace lockstep
