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
#include "server/auth.h"
#include "server/background.h"
#include "server/front/assets.h"
#include "server/front/follow_parts.h"
#include "server/front/rate_limit.h"
#include "server/front/tickets.h"
#include "server/limits.h"

namespace lockstep {

struct FrontRules {
  std::vector<std::string> origins;  // allowed beside the server's own: `https://chat.example`
  bool is_loopback_only = true;      // it listens on loopback: names of other hosts are refused
  RateRules rate;
};

struct FrontCounts {
  std::uint64_t connections = 0;  // now
  std::uint64_t sockets = 0;      // now
  std::uint64_t streams = 0;      // now: followers over SSE, NDJSON, JSON and WebSocket
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_cut = 0;  // too slow in reading
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // with 4xx or 5xx
  std::uint64_t bytes_sent = 0;
  std::uint64_t turn_bytes = 0;  // the longest text that was read in one turn of the strand
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
