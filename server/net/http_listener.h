// SPDX-License-Identifier: Apache-2.0
// http_listener.h: accepts.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "server/net/connection.h"

namespace lockstep {

class HttpListener {
 public:
  // Told why nobody can be let in, once in a while for as long as it lasts.
  using Trouble = std::function<void(const std::string& why)>;

  // `host`: an address, or `localhost`. Port 0: any that is free. Fails with `unavailable` if the
  // address can't be had.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(boost::asio::io_context& context,
                                                                  const std::string& host,
                                                                  std::uint16_t port,
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
  boost::asio::steady_timer pause_;
  Connections& connections_;
  Trouble trouble_;
  std::optional<Tick> told_;
  std::uint16_t port_ = 0;
};

}  // namespace lockstep
