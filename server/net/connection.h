// SPDX-License-Identifier: Apache-2.0
// connection.h: a socket, read and written at the pace of its protocol.
//
// An idle connection holds no buffer: it waits until the socket is readable, and only then reads,
// into a buffer that all connections share. It writes the protocol's bytes straight from another
// shared buffer. It keeps only the bytes that the socket did not take at once, and closes the
// connection of a reader that does not take them in time. After the last byte it closes its sending
// side and lingers: it reads and drops further input for a few seconds. Closing a socket with
// unread input sends a reset, which would make the other side lose bytes that it had not read yet.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/base/memory.h"
#include "server/base/auth.h"
#include "server/net/front_counts.h"
#include "server/net/rate_limit.h"
#include "server/net/tickets.h"
#include "server/net/transport.h"

namespace lockstep {

class Connection;

// The dependencies of all connections. They outlive the connections.
struct ConnectionParts {
  FrontCounts& counts;
  RateLimit& rate;
  Tickets& tickets;
  const Auth& auth;
  MemoryAccount* memory;  // null: nothing is counted
  // Makes the protocol of a new connection.
  std::function<std::unique_ptr<Protocol>(Transport& transport)> speak;
};

// All connections of a server, with their shared buffers and clock.
class Connections {
 public:
  explicit Connections(ConnectionParts parts);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Takes a socket, or answers 429 and closes it if there are too many.
  void start(boost::asio::ip::tcp::socket socket);
  // Once a second.
  void tick();
  // The token file changed: every protocol ends its streams with revoked tokens.
  void tokens_changed();
  // Every protocol sends its last frames.
  void shut_down();
  // Closes every open connection at once.
  void close_all_now();
  [[nodiscard]] std::size_t size() const { return open_.size(); }
  [[nodiscard]] Tick now() const { return now_; }
  // Those that still have bytes to send: all but the lingering ones.
  [[nodiscard]] std::size_t busy() const { return open_.size() - lingering_; }

 private:
  friend class Connection;

  ConnectionParts parts_;
  std::unordered_set<std::shared_ptr<Connection>> open_;
  std::vector<char> read_buffer_;
  std::string write_buffer_;
  Tick now_{};
  std::size_t lingering_ = 0;
};

class Connection : public Transport, public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::string address, Connections& all);
  ~Connection() override = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void tick(Tick now);
  void tokens_changed();
  void shut_down();
  void close_now();

  void wake() override;
  void finish() override;
  void read(bool on) override;
  [[nodiscard]] const std::string& address() const override { return address_; }
  [[nodiscard]] Tick now() const override { return all_.now_; }

 private:
  void wait_to_read();
  void readable();
  void pump();
  void send(std::string& out);
  bool may_keep(std::size_t bytes);
  void wait_to_write();
  void writable();
  void linger();
  void watch_for_loss();

  boost::asio::ip::tcp::socket socket_;
  std::string address_;
  Connections& all_;
  std::unique_ptr<Protocol> protocol_;
  Charge held_;                  // the connection itself
  Charge rest_held_;             // `rest_`
  std::string rest_;             // the bytes of a write that the socket did not take
  std::size_t rest_at_ = 0;      // bytes of `rest_` that are out
  std::size_t rest_marked_ = 0;  // bytes that were out at `rest_since_`
  Tick rest_since_{};
  Tick lingers_since_{};
  bool posted_ = false;   // a `pump` is posted
  bool waiting_ = false;  // for the socket to become readable
  bool writing_ = false;  // `rest_` is not empty
  bool reads_ = true;
  bool ended_ = false;  // the other side sends nothing more
  bool finishing_ = false;
  bool lingers_ = false;
  bool closed_ = false;
};

}  // namespace lockstep
