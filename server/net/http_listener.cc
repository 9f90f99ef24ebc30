// SPDX-License-Identifier: Apache-2.0
#include "server/net/http_listener.h"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "engine/base/codes.h"
#include "server/base/limits.h"

namespace lockstep {
namespace asio = boost::asio;
using boost::system::error_code;

HttpListener::HttpListener(asio::io_context& context, Connections& connections, Trouble trouble)
    : acceptor_(context),
      pause_(context.get_executor()),
      connections_(connections),
      trouble_(std::move(trouble)) {}

Result<std::unique_ptr<HttpListener>> HttpListener::open(asio::io_context& context,
                                                         const Place& place,
                                                         Connections& connections,
                                                         Trouble trouble) {
  const std::string& host = place.host;
  error_code error;
  const auto address =
      asio::ip::make_address(host == "localhost" ? std::string("127.0.0.1") : host, error);
  if (error) {
    return fail(Kind::rejected, codes::invalid,
                "can't listen on `" + host +
                    "`: give an IP address of this machine, such as 127.0.0.1, or `localhost`");
  }
  const asio::ip::tcp::endpoint endpoint(address, place.port);
  std::unique_ptr<HttpListener> listener(
      new HttpListener(context, connections, std::move(trouble)));
  asio::ip::tcp::acceptor& acceptor = listener->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(limits::listen_backlog, error);
  if (error) {
    return fail(
        Kind::unavailable, codes::unavailable,
        "can't listen on " + host + ":" + std::to_string(place.port) + ": " + error.message());
  }
  listener->port_ = acceptor.local_endpoint(error).port();
  listener->accept();
  return listener;
}

void HttpListener::close() {
  accepting_.reset();
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void HttpListener::accept() {
  // A second connection that waits already is taken at once, and this is called in a later turn: by
  // then the listener may be closed, or gone.
  acceptor_.async_accept(
      accepting_->guard([this](const error_code& error, asio::ip::tcp::socket socket) {
        if (error) return accept_later(error);
        connections_.start(std::move(socket));
        accept();
      }));
}

// Most likely the process has no free file descriptors. A retry at once would only burn CPU time.
void HttpListener::accept_later(const error_code& why) {
  const Tick now = connections_.now();
  if (!told_ || now - *told_ >= limits::accept_trouble_pause) {
    told_ = now;
    trouble_(why.message());
  }
  pause_.after(limits::accept_pause, [this] { accept(); });
}

}  // namespace lockstep
