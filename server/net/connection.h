// SPDX-License-Identifier: Apache-2.0
// connection.h: a socket, read and written as its protocol can use it.
//
// Idle, a connection holds no buffer: it waits for the socket to become readable, and only then
// reads, into a buffer that all share. It writes what the protocol gives straight from another
// shared buffer; only what the socket did not take at once is kept, and a reader that does not take
// it in time is cut off. After the last byte the sending side is closed and the rest of what comes
// is thrown away for a while: closing with unread bytes would make the other side lose what it was
// sent.
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

// What all connections are given. It outlives them.
struct ConnectionParts {
  FrontCounts& counts;
  RateLimit& rate;
  Tickets& tickets;
  const Auth& auth;
  MemoryAccount* memory;  // null: nothing is counted
  // What is spoken over a new connection.
  std::function<std::unique_ptr<Protocol>(Wire& wire)> speak;
};

// All connections of a server, and what they share.
class Connections {
 public:
  explicit Connections(ConnectionParts parts);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Takes a socket, or refuses it politely if there are too many.
  void start(boost::asio::ip::tcp::socket socket);
  // Once a second.
  void tick();
  // Other tokens count from now on.
  void tokens_changed();
  // Every protocol says good-bye.
  void shut_down();
  // Whatever is still open is closed now.
  void cut_all();
  [[nodiscard]] std::size_t size() const { return open_.size(); }
  [[nodiscard]] Tick now() const { return now_; }
  // Those that have not sent all that they had to.
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

class Connection : public Wire, public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::string address, Connections& all);
  ~Connection() override = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void tick(Tick now);
  void tokens_changed();
  void shut_down();
  void cut();

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
  std::string rest_;             // of a write that the socket did not take whole
  std::size_t rest_at_ = 0;      // so much of it went
  std::size_t rest_marked_ = 0;  // so much had gone at `rest_since_`
  Tick rest_since_{};
  Tick lingers_since_{};
  bool posted_ = false;   // a pump is under way
  bool waiting_ = false;  // for the socket to become readable
  bool writing_ = false;  // `rest_` is not empty
  bool reads_ = true;
  bool ended_ = false;  // the other side sends nothing more
  bool finishing_ = false;
  bool lingers_ = false;
  bool closed_ = false;
};

}  // namespace lockstep
