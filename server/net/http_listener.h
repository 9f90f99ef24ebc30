// SPDX-License-Identifier: Apache-2.0
// http_listener.h: listens on an address and accepts connections.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/alive.h"
#include "engine/base/result.h"
#include "server/base/timer.h"
#include "server/net/connection.h"

namespace lockstep {

class HttpListener {
 public:
  // Called when accepting fails, with the reason, at most once in `limits::accept_trouble_pause`.
  using Trouble = std::function<void(const std::string& why)>;

  // `host`: an IP address, or `localhost`. Port 0: any free one.
  struct Place {
    std::string host;
    std::uint16_t port = 0;
  };

  // Fails with `invalid` if `host` is neither, and with `unavailable` if the system does not give
  // the address.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(boost::asio::io_context& context,
                                                                  const Place& place,
                                                                  Connections& connections,
                                                                  Trouble trouble);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Stops accepting.
  void close();

 private:
  HttpListener(boost::asio::io_context& context, Connections& connections, Trouble trouble);
  void accept();
  void accept_later(const boost::system::error_code& error);

  boost::asio::ip::tcp::acceptor acceptor_;
  Timer pause_;
  Connections& connections_;
  Trouble trouble_;
  std::optional<Tick> told_;
  std::uint16_t port_ = 0;
  std::optional<Alive> accepting_{std::in_place};  // until it is closed
};

}  // namespace lockstep
