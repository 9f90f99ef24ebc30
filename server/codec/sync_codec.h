// SPDX-License-Identifier: Apache-2.0
// sync_codec.h: what fronts and producers say, from JSON to the engine's terms.
//
// Strict: an unknown field, a wrong type, a missing one, an id with a forbidden character, half of
// a surrogate pair, each is a problem that names its path; nothing is guessed. What is left out
// stays left out, for the engine to fill in; the content of a change is taken here, before that.
//
// The forms are those of docs/protocol.md. Pure, and fuzzed.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/live/hub.h"
#include "engine/live/sync.h"
#include "server/codec/problem.h"

namespace lockstep {

enum class Follow : std::uint8_t { none, run, live };

struct SyncCall {
  // Over HTTP thread and user are the caller's to know; over a socket the user is, and the thread's
  // owner is empty if it is the user's own.
  SyncRequest request;
  std::optional<Follow> follow;
};

template <class T>
using Read = std::expected<T, Problem>;

// The body of `POST …/sync`.
[[nodiscard]] Read<SyncCall> read_sync(std::string_view body);
// The body of `POST …/steps`.
[[nodiscard]] Read<std::vector<Step>> read_steps(std::string_view body);

// --- What comes over a WebSocket -----------------------------------------------------------------

struct SocketSync {
  SyncCall call;
};
struct SocketCancel {};
struct SocketSteps {
  ThreadName thread;  // its owner empty: the caller
  StepBatch batch;
};
struct SocketFeed {
  std::optional<std::string> cursor;
};
struct SocketCall {
  std::string id;  // of the request; of what is cancelled
  std::variant<SocketSync, SocketCancel, SocketSteps, SocketFeed> what;
};
struct SocketFault {
  std::string id;  // empty if it could not be read
  Problem problem;
};

[[nodiscard]] std::expected<SocketCall, SocketFault> read_socket_call(std::string_view text);

[[nodiscard]] std::optional<Follow> follow_named(std::string_view name);

}  // namespace lockstep
