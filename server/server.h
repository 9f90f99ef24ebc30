// SPDX-License-Identifier: Apache-2.0
// server.h: the HTTP and WebSocket server in front of the engine: listens, serves, and stops.
//
// The server stops within ten seconds, in this order:
//
//   it accepts no connections ──> the engine ends all runs, durably ──> every front gets all
//   durable entries, and `end {reason: shutdown}` with its cursor, or close code 1001 ──> the
//   server closes the connections that are still open
//
// Lives on: the engine strand. All of its parts outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "server/base/auth.h"
#include "server/base/background.h"
#include "server/base/log_line.h"
#include "server/front/front.h"

namespace boost::asio {
class io_context;
}

namespace lockstep {

struct ServerParts {
  boost::asio::io_context& context;
  Engine& engine;
  const Auth& auth;
  const Metrics& metrics;
  Random& random;
  Background& background;
  LineLog& log;
  // Null if there is no such agent.
  std::function<std::shared_ptr<const Agent>(const AgentName& agent)> find_agent;
  Page page = {};                   // the files of the web page
  MemoryAccount* memory = nullptr;  // null: memory is not counted
  const Store* store = nullptr;     // for its memory figures in /metrics
  FrontBlobs blobs = {};
  // As in `Front`.
  std::function<std::vector<AgentFace>()> agents = {};
  std::function<bool(const ThreadName& thread, const RunId& run)> waits_for_slot = {};
  RequestComposer* composer = nullptr;
  Claims* claims = nullptr;
};

struct ServerRules {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> origins;
  RateRules rate;
};

class Server {
 public:
  // Fails with `open_to_all` if there are no tokens and other machines can reach this address.
  [[nodiscard]] static Result<void> check_host(const Auth& auth, const std::string& host);
  // Listens. Fails with `open_to_all` as above, with `unavailable` if the system does
  // not give the address.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(ServerParts parts, ServerRules rules);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const FrontCounts& counts() const;
  // The tokens of `auth` changed: ends at once everything that was opened with a token that is
  // gone.
  void tokens_changed();
  // A second passes. The server calls this itself; a test may call it more often.
  void tick();
  // Calls `done` when all connections are closed. Requires: called once.
  void stop(Done<void> done);

 private:
  struct Inside;
  explicit Server(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep
