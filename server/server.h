// SPDX-License-Identifier: Apache-2.0
// server.h: how the world reaches the engine: listens, serves, and stops in order.
//
// A stop, all of it within ten seconds:
//
//   nothing more is accepted ──> the engine ends what runs, durably ──> every front gets what is
//   durable, and `end {reason: shutdown}` with its cursor, or close code 1001 ──> what is still
//   open is cut
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
  std::function<const Agent*(const AgentName& agent)> find_agent;
  Page page = {};                   // what browsers are shown
  MemoryAccount* memory = nullptr;  // null: nothing is counted
  const Store* store = nullptr;     // whose memory is shown in /metrics
};

struct ServerRules {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> origins;
  RateRules rate;
};

class Server {
 public:
  // Fails with `open_to_all` if everybody who reaches this address would be let in.
  [[nodiscard]] static Result<void> check_host(const Auth& auth, const std::string& host);
  // Listens. Fails with `open_to_all` as above, with `unavailable` if the address can't be had.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(ServerParts parts, ServerRules rules);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const FrontCounts& counts() const;
  // The tokens of `auth` are others now: what was opened with one that is gone ends at once.
  void tokens_changed();
  // A second passes: the server does this by itself, a test can let time run.
  void tick();
  // `done` is called when no connection is left. Requires: called once.
  void stop(Done<void> done);

 private:
  struct Inside;
  explicit Server(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep
