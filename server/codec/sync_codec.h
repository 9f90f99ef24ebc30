// SPDX-License-Identifier: Apache-2.0
// sync_codec.h: reads the requests of fronts and producers into the engine's types.
//
// The readers are strict and guess nothing. An unknown field, a wrong type, a missing field, an id
// with a forbidden character, half of a surrogate pair: each is a problem, with its path. The
// engine fills in optional fields later. A change's `content` (the bytes by which the engine
// recognises a retry) is therefore taken here, before that.
//
// docs/protocol.md has the forms. The functions are pure, and fuzzed.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/live/hub.h"
#include "engine/live/sync.h"
#include "server/base/claim_limits.h"
#include "server/codec/problem.h"

namespace lockstep {

enum class Follow : std::uint8_t { none, run, live };

struct SyncCall {
  // Over HTTP the caller sets thread and user. Over a socket the caller sets the user; the thread's
  // owner is empty if the message has no `user`, which means the caller's own thread.
  SyncRequest request;
  std::optional<Follow> follow;
};

// A worker asks for a run of one of these agents.
struct ClaimAsked {
  std::vector<AgentName> agents;
  std::string worker;  // for the log; may be empty
  std::chrono::seconds lease{limits::lease_seconds_default};
  std::chrono::seconds wait{limits::wait_seconds_default};
};

template <class T>
using Read = std::expected<T, Problem>;

// The body of `POST …/sync`.
[[nodiscard]] Read<SyncCall> read_sync(std::string_view body);
// The body of `POST …/steps`.
[[nodiscard]] Read<std::vector<Step>> read_steps(std::string_view body);

// --- Messages of a WebSocket ---------------------------------------------------------------------

struct SocketSync {
  SyncCall call;
};
struct SocketCancel {};
struct SocketSteps {
  ThreadName thread;  // an empty owner means the caller
  StepBatch batch;
};
struct SocketClaim {
  ClaimAsked asked;
};
struct SocketClaimSteps {
  std::string claim;
  std::vector<Step> steps;  // may be none
};
struct SocketFeed {
  std::optional<std::string> cursor;
};
struct SocketCall {
  std::string id;  // of the request, or of the one to cancel
  std::variant<SocketSync, SocketCancel, SocketSteps, SocketFeed, SocketClaim, SocketClaimSteps>
      what;
  std::shared_ptr<const void> files = {};  // keeps what the call has brought until it is answered
};
struct SocketFault {
  std::string id;  // empty if it could not be read
  Problem problem;
};

[[nodiscard]] std::expected<SocketCall, SocketFault> read_socket_call(std::string_view text);

[[nodiscard]] std::optional<Follow> follow_named(std::string_view name);

}  // namespace lockstep
