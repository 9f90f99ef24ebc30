// SPDX-License-Identifier: Apache-2.0
// connection.h: opens the way to a server: its name, its addresses, a proxy, TLS.
//
// A connection is opened once and used for one request. It looks up the name (the proxy's, if one
// leads to the server), connects to the first address that answers (dial.h), asks the proxy for a
// tunnel if the server speaks TLS, and shakes hands. One deadline covers all of it.
//
// Errors: upstream_unreachable (also of the proxy), upstream_proxy (the proxy refused the tunnel),
// upstream_tls. `Kind::unavailable` means that another try may succeed.
//
// Lives on: the strand of its executor; `done` is called there, never from within `open`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "engine/base/result.h"
#include "server/base/timer.h"
#include "server/inference/dial.h"
#include "server/inference/endpoint.h"
#include "server/inference/proxy.h"
#include "server/inference/tls.h"

namespace lockstep {

inline constexpr unsigned http_1_1 = 11;  // as Beast writes versions

// How a server is reached.
struct UpstreamRoute {
  Endpoint server;
  std::optional<Proxy> proxy;
  std::shared_ptr<TlsContext> tls;  // needed for https
};

class UpstreamConnection : public std::enable_shared_from_this<UpstreamConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using TlsStream = boost::asio::ssl::stream<Socket&>;
  using Done = std::move_only_function<void(std::optional<Error>)>;

  UpstreamConnection(const boost::asio::any_io_executor& executor, UpstreamRoute route);
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;
  ~UpstreamConnection() = default;

  void open(std::chrono::milliseconds most, Done done);
  // Closes the socket at once; `done` is not called any more.
  void close();

  // The open way: `tls` if the server speaks it, else `socket`.
  [[nodiscard]] Socket& socket() { return socket_; }
  [[nodiscard]] TlsStream* tls() { return stream_ ? &*stream_ : nullptr; }

 private:
  void finish(std::optional<Error> error);
  [[nodiscard]] bool waits() const { return done_ != nullptr; }
  void unreachable(const boost::system::error_code& error);
  void resolved(const boost::system::error_code& error,
                const boost::asio::ip::tcp::resolver::results_type& to);
  void connected(const boost::system::error_code& error, Socket socket);
  void ask_for_tunnel();
  void tunnel_answered(const boost::system::error_code& error);
  void shake_hands();
  void shaken(const boost::system::error_code& error);

  using Tunnel = boost::beast::http::request<boost::beast::http::empty_body>;
  using TunnelAnswer = boost::beast::http::response_parser<boost::beast::http::empty_body>;

  boost::asio::any_io_executor executor_;
  UpstreamRoute route_;
  std::chrono::milliseconds most_{};
  Done done_;
  boost::asio::ip::tcp::resolver resolver_;
  std::shared_ptr<Dial> dial_;
  std::size_t addresses_ = 0;
  Socket socket_;
  std::optional<TlsStream> stream_;
  std::shared_ptr<CertificateCheck> check_;
  Tunnel tunnel_;
  std::optional<TunnelAnswer> tunnel_answer_;
  boost::beast::flat_buffer buffer_;
  Timer deadline_;
};

}  // namespace lockstep
