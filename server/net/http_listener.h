// SPDX-License-Identifier: Apache-2.0
// http_listener.h: accepts.
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
  // Told why nobody can be let in, once in a while for as long as it lasts.
  using Trouble = std::function<void(const std::string& why)>;

  // `host`: an address, or `localhost`. Port 0: any that is free.
  struct Place {
    std::string host;
    std::uint16_t port = 0;
  };

  // Fails with `unavailable` if the address can't be had.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(boost::asio::io_context& context,
                                                                  const Place& place,
                                                                  Connections& connections,
                                                                  Trouble trouble);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Nothing more is accepted.
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
