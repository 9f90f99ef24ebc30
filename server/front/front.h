// SPDX-License-Identifier: Apache-2.0
// front.h: the dependencies, settings and counters that all connections share.
//
// Handlers and sessions hold a reference to it; it outlives them all.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "engine/live/request_composer.h"
#include "engine/rules/agent_face.h"
#include "engine/store/blobs.h"
#include "server/base/auth.h"
#include "server/base/background.h"
#include "server/base/limits.h"
#include "server/front/assets.h"
#include "server/front/blob_door.h"
#include "server/front/checked_blobs.h"
#include "server/front/claims.h"
#include "server/front/follow_parts.h"
#include "server/net/blob_links.h"
#include "server/net/front_counts.h"
#include "server/net/rate_limit.h"
#include "server/net/tickets.h"

namespace lockstep {

struct FrontRules {
  std::vector<std::string> origins;  // allowed besides the server's own: `https://chat.example`
  bool is_loopback_only = true;      // the server listens on loopback
  RateRules rate;
};

// May a text that the server is receiving grow from `held` to `bytes`? A small one may use the
// reserve of the account (limits::small_body_bytes).
[[nodiscard]] inline bool may_hold(MemoryAccount* memory, std::size_t held, std::size_t bytes) {
  if (memory == nullptr || bytes <= held) return true;
  return bytes <= limits::small_body_bytes ? memory->admits_begun(MemoryKind::bodies, bytes - held)
                                           : memory->admits(MemoryKind::bodies, bytes - held);
}

// The users' blobs, and the threads that write and read them.
struct FrontBlobs {
  Blobs* store = nullptr;  // null: the server has none
  Background* uploads = nullptr;
  Background* downloads = nullptr;
};

struct Front {
  Engine& engine;
  const Auth& auth;
  const Metrics& metrics;
  Random& random;
  Background& background;
  FrontRules rules;
  // Null if there is no such agent.
  std::function<std::shared_ptr<const Agent>(const AgentName& agent)> find_agent;
  Page page;

  FrontCounts counts;
  RateLimit rate{rules.rate, auth.needs_tokens()};
  Tickets tickets{random};
  BlobLinks links{random};
  MemoryAccount* memory = nullptr;                      // null: memory is not counted
  const Store* store = nullptr;                         // for its memory figures
  std::function<std::vector<AgentFace>()> agents = {};  // all, by name; null: none are known
  // Has the run started, and waits for a slot of its agent? Null: runs never wait.
  std::function<bool(const ThreadName& thread, const RunId& run)> waits_for_slot = {};
  FrontBlobs blobs = {};
  CheckedBlobs checked = {};
  // Composes requests with files. Null: a line of text names each file.
  RequestComposer* composer = nullptr;
  Claims* claims = nullptr;  // null: there are no workers
  std::string date;          // now, as in the header `Date`
  Timestamp time;            // now, to a second
  bool stopping = false;     // refuse new requests

  [[nodiscard]] BlobDoor blob_door() const {
    return {blobs.store, blobs.uploads, memory, &engine.blobs()};
  }
  [[nodiscard]] FollowParts follow_parts() { return {engine, memory, stopping}; }
};

}  // namespace lockstep
