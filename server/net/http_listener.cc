// SPDX-License-Identifier: Apache-2.0
#include "server/net/http_listener.h"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "server/base/limits.h"

namespace lockstep {
namespace asio = boost::asio;
using boost::system::error_code;

HttpListener::HttpListener(asio::io_context& context, Connections& connections, Trouble trouble)
    : acceptor_(context),
      pause_(context),
      connections_(connections),
      trouble_(std::move(trouble)) {}

Result<std::unique_ptr<HttpListener>> HttpListener::open(asio::io_context& context,
                                                         const std::string& host,
                                                         std::uint16_t port,
                                                         Connections& connections,
                                                         Trouble trouble) {
  error_code error;
  const auto address =
      asio::ip::make_address(host == "localhost" ? std::string("127.0.0.1") : host, error);
  if (error) return fail(Kind::rejected, "invalid", host + " is no address to listen on");
  const asio::ip::tcp::endpoint endpoint(address, port);
  std::unique_ptr<HttpListener> listener(
      new HttpListener(context, connections, std::move(trouble)));
  asio::ip::tcp::acceptor& acceptor = listener->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(limits::listen_backlog, error);
  if (error) {
    return fail(Kind::unavailable, "unavailable",
                "can't listen on " + host + ":" + std::to_string(port) + ": " + error.message());
  }
  listener->port_ = acceptor.local_endpoint(error).port();
  listener->accept();
  return listener;
}

void HttpListener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void HttpListener::accept() {
  acceptor_.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) return accept_later(error);
    connections_.start(std::move(socket));
    accept();
  });
}

// Out of files, most likely: trying again at once would only burn the processor.
void HttpListener::accept_later(const error_code& why) {
  const Tick now = connections_.now();
  if (!told_ || now - *told_ >= limits::accept_trouble_pause) {
    told_ = now;
    trouble_(why.message());
  }
  pause_.expires_after(limits::accept_pause);
  pause_.async_wait([this](const error_code& error) {
    if (!error) accept();
  });
}

}  // namespace lockstep
