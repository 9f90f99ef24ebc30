// SPDX-License-Identifier: Apache-2.0
// front.h: what every connection shares.
//
// The dependencies of the front, its settings and its counts. Handlers and sessions are given a
// reference to it; it outlives them all.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "server/base/auth.h"
#include "server/base/background.h"
#include "server/base/limits.h"
#include "server/front/assets.h"
#include "server/front/follow_parts.h"
#include "server/net/front_counts.h"
#include "server/net/rate_limit.h"
#include "server/net/tickets.h"

namespace lockstep {

struct FrontRules {
  std::vector<std::string> origins;  // allowed beside the server's own: `https://chat.example`
  bool is_loopback_only = true;      // it listens on loopback: names of other hosts are refused
  RateRules rate;
};

// May what is being read grow from `held` to `bytes`?
[[nodiscard]] inline bool may_hold(MemoryAccount* memory, std::size_t held, std::size_t bytes) {
  if (memory == nullptr || bytes <= held) return true;
  return bytes <= limits::small_body_bytes ? memory->admits_begun(MemoryKind::bodies, bytes - held)
                                           : memory->admits(MemoryKind::bodies, bytes - held);
}

struct Front {
  Engine& engine;
  const Auth& auth;
  const Metrics& metrics;
  Random& random;
  Background& background;
  FrontRules rules;
  // Null if there is no such agent.
  std::function<const Agent*(const AgentName& agent)> find_agent;
  Page page;

  FrontCounts counts;
  RateLimit rate{rules.rate, auth.needs_tokens()};
  Tickets tickets{random};
  MemoryAccount* memory = nullptr;  // null: nothing is counted
  const Store* store = nullptr;     // whose memory is shown
  std::string date;                 // now, as a header has it
  bool stopping = false;            // new requests are refused

  [[nodiscard]] FollowParts follow_parts() { return {engine, memory, stopping}; }
};

}  // namespace lockstep
