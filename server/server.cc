// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <ctime>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/base/heap.h"
#include "server/base/limits.h"
#include "server/base/timer.h"
#include "server/front/http_session.h"
#include "server/net/connection.h"
#include "server/net/http_listener.h"

namespace lockstep {

struct Server::Inside {
  Inside(ServerParts given, const ServerRules& rules)
      : parts(std::move(given)),
        front{.engine = parts.engine,
              .auth = parts.auth,
              .metrics = parts.metrics,
              .random = parts.random,
              .background = parts.background,
              .rules = {rules.origins, is_loopback(rules.host), rules.rate},
              .find_agent = parts.find_agent,
              .page = parts.page,
              .counts = {},
              .rate = RateLimit(rules.rate, parts.auth.needs_tokens()),
              .memory = parts.memory,
              .store = parts.store,
              .agents = parts.agents,
              .waits_for_slot = parts.waits_for_slot,
              .blobs = parts.blobs,
              .composer = parts.composer,
              .claims = parts.claims,
              .date = {},
              .time = {},
              .stopping = false},
        connections(connection_parts(front)),
        ticker(parts.context.get_executor()),
        watch(parts.context.get_executor()) {}

  void tick();
  void set_date();
  void drain();
  void watch_drain();
  void end();

  ServerParts parts;
  Front front;
  Connections connections;
  std::unique_ptr<HttpListener> listener;
  HeapKeeper heap;
  Timer ticker;
  Timer watch;  // the steps and limits of a stop
  std::chrono::steady_clock::time_point stop_by;
  bool draining = false;
  Done<void> stopped;
};

void Server::Inside::set_date() {
  const auto time = std::chrono::system_clock::now();
  const auto age = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
  front.time = Timestamp(static_cast<std::uint64_t>(age.count()));
  const std::time_t now = std::chrono::system_clock::to_time_t(time);
  std::tm parts_of_now{};
  gmtime_r(&now, &parts_of_now);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts_of_now);
  front.date.assign(text.data(), size);
}

void Server::Inside::tick() {
  set_date();
  ticker.after(std::chrono::seconds(1), [this] {
    connections.tick();
    heap.tick();
    tick();
  });
}

// The engine writes no more entries (or is too slow): send the last ones and close.
void Server::Inside::drain() {
  if (draining) return;
  draining = true;
  connections.shut_down();
  stop_by = std::chrono::steady_clock::now() + limits::stop_drain_max;
  watch_drain();
}

void Server::Inside::watch_drain() {
  if (connections.size() == 0) return end();
  const auto now = std::chrono::steady_clock::now();
  // All connections have sent their bytes: give the clients a moment to close, and no longer.
  if (connections.busy() == 0) stop_by = std::min(stop_by, now + limits::stop_linger_max);
  if (now >= stop_by) {
    parts.log.info("connections_cut", {{"count", connections.size()}});
    connections.close_all_now();
    return end();
  }
  watch.after(limits::stop_look, [this] { watch_drain(); });
}

void Server::Inside::end() {
  ticker.cancel();
  watch.cancel();
  if (auto done = std::exchange(stopped, nullptr)) done();
}

Result<void> Server::check_host(const Auth& auth, const std::string& host) {
  if (auth.needs_tokens() || is_loopback(host)) return {};
  return fail(Kind::rejected, codes::open_to_all,
              "without a token file everybody who can reach " + host +
                  " would have access: add --tokens FILE, or listen on 127.0.0.1");
}

Result<std::unique_ptr<Server>> Server::open(ServerParts parts, ServerRules rules) {
  TRY(check_host(parts.auth, rules.host));
  auto inside = std::make_unique<Inside>(std::move(parts), rules);
  auto listener = HttpListener::open(
      inside->parts.context, {rules.host, rules.port}, inside->connections,
      [inside = inside.get()](const std::string& why) {
        inside->parts.log.error(
            "not_accepting", {{"why", why},
                              {"connections", inside->connections.size()},
                              {"next", "raise the limit of open files (ulimit -n, LimitNOFILE)"}});
      });
  if (!listener) return std::unexpected(std::move(listener.error()));
  inside->listener = std::move(*listener);
  inside->tick();
  return std::unique_ptr<Server>(new Server(std::move(inside)));
}

Server::Server(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Server::~Server() {
  inside_->listener->close();
  inside_->connections.close_all_now();
}

std::uint16_t Server::port() const { return inside_->listener->port(); }
void Server::tokens_changed() {
  inside_->connections.tokens_changed();
  if (inside_->front.claims) inside_->front.claims->settings_changed();
}
void Server::tick() { inside_->connections.tick(); }

const FrontCounts& Server::counts() const { return inside_->front.counts; }

void Server::stop(Done<void> done) {
  Inside& inside = *inside_;
  MUST(!inside.front.stopping);
  inside.stopped = std::move(done);
  inside.front.stopping = true;
  inside.listener->close();
  if (inside.front.claims) inside.front.claims->stop();
  inside.parts.log.info("stopping", {{"connections", inside.connections.size()}});
  // If the disk hangs, still tell the fronts, so that the whole stop keeps its ten seconds.
  inside.watch.after(limits::stop_engine_max, [&inside] { inside.drain(); });
  inside.parts.engine.stop([&inside] {
    inside.watch.cancel();
    inside.drain();
  });
}

}  // namespace lockstep
