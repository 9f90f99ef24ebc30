// SPDX-License-Identifier: Apache-2.0
#include "server/inference/connection.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "server/inference/deadline_text.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Error passing(Code code, std::string detail) {
  return Error{Kind::unavailable, code, std::move(detail)};
}
Error lasting(Code code, std::string detail) {
  return Error{Kind::rejected, code, std::move(detail)};
}

void set_options(tcp::socket& socket) {
  error_code ignored;  // what the kernel does not offer is not needed
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int handle = socket.native_handle();
  const auto set = [handle](int option, int value) {
    ::setsockopt(handle, IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, limits::probe_after_seconds);
  set(TCP_KEEPINTVL, limits::probe_every_seconds);
  set(TCP_KEEPCNT, limits::probes_max);
}

bool is_unknown_authority(long verdict) {
  return verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

std::string place_of(const Proxy& proxy) { return authority(proxy.host, proxy.port); }

}  // namespace

UpstreamConnection::UpstreamConnection(const asio::any_io_executor& executor, UpstreamRoute route)
    : executor_(executor),
      route_(std::move(route)),
      resolver_(executor),
      socket_(executor),
      buffer_(limits::head_bytes_max),
      deadline_(executor) {}

void UpstreamConnection::open(std::chrono::milliseconds most, Done done) {
  most_ = most;
  done_ = std::move(done);
  deadline_.after(most, [this] {
    const std::string who = route_.proxy ? "The way to the model server over the proxy " +
                                               place_of(*route_.proxy) + " was not open "
                                         : "The model server did not accept a connection ";
    finish(
        passing(codes::upstream_unreachable, who + within(most_, "connect_timeout_seconds") + "."));
  });
  const std::string& host = route_.proxy ? route_.proxy->host : route_.server.host;
  const std::string& port = route_.proxy ? route_.proxy->port : route_.server.port;
  resolver_.async_resolve(
      host, port,
      [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& to) {
        self->resolved(error, to);
      });
}

void UpstreamConnection::close() {
  done_ = nullptr;
  deadline_.cancel();
  resolver_.cancel();
  if (dial_) dial_->close();
  error_code ignored;
  socket_.close(ignored);
}

void UpstreamConnection::finish(std::optional<Error> error) {
  Done done = std::exchange(done_, nullptr);
  if (error) {
    close();
  } else {
    deadline_.cancel();
  }
  if (done) done(std::move(error));
}

void UpstreamConnection::unreachable(const error_code& error) {
  const std::string who =
      route_.proxy ? "The proxy of the agent can't be reached: " + place_of(*route_.proxy)
                   : "The model server can't be reached: " +
                         authority(route_.server.host, route_.server.port);
  std::string why = ": " + error.message();
  if (addresses_ > 1) why += ", at " + std::to_string(addresses_) + " addresses";
  finish(passing(codes::upstream_unreachable, who + why + "."));
}

void UpstreamConnection::resolved(const error_code& error, const tcp::resolver::results_type& to) {
  if (!waits()) return;
  if (error) return unreachable(error);
  const std::vector<Dial::Address> addresses(to.begin(), to.end());
  addresses_ = addresses.size();
  dial_ = std::make_shared<Dial>(executor_, addresses, most_);
  dial_->start([self = shared_from_this()](const error_code& failure, Socket socket) {
    self->connected(failure, std::move(socket));
  });
}

void UpstreamConnection::connected(const error_code& error, Socket socket) {
  if (!waits()) return;
  if (error) return unreachable(error);
  socket_ = std::move(socket);
  set_options(socket_);
  if (!route_.server.tls) return finish({});
  if (route_.proxy) return ask_for_tunnel();
  shake_hands();
}

// --- A tunnel through a proxy (RFC 9110, section 9.3.6) ------------------------------------------

void UpstreamConnection::ask_for_tunnel() {
  const std::string to = authority(route_.server.host, route_.server.port);
  tunnel_ = Tunnel(http::verb::connect, to, http_1_1);
  tunnel_.set(http::field::host, to);
  tunnel_.set(http::field::user_agent, "lockstep");
  const std::string credentials = basic_credentials(*route_.proxy);
  if (!credentials.empty()) tunnel_.set(http::field::proxy_authorization, credentials);
  http::async_write(socket_, tunnel_, [self = shared_from_this()](const error_code&, std::size_t) {
    // A failed write shows in the read.
  });
  tunnel_answer_.emplace();
  tunnel_answer_->header_limit(limits::head_bytes_max);
  tunnel_answer_->skip(true);
  http::async_read_header(socket_, buffer_, *tunnel_answer_,
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            self->tunnel_answered(error);
                          });
}

void UpstreamConnection::tunnel_answered(const error_code& error) {
  if (!waits()) return;
  const std::string proxy = "The proxy " + place_of(*route_.proxy);
  if (error) {
    return finish(passing(codes::upstream_proxy,
                          proxy +
                              " closed the connection, or did not answer in HTTP, when it was "
                              "asked for a way to " +
                              authority(route_.server.host, route_.server.port) + ": " +
                              error.message() + "."));
  }
  const unsigned status = tunnel_answer_->get().result_int();
  if (http::to_status_class(status) == http::status_class::successful) return shake_hands();
  std::string detail = proxy + " answered " + std::to_string(status) +
                       " when it was asked for a way to " +
                       authority(route_.server.host, route_.server.port);
  if (tunnel_answer_->get().result() == http::status::proxy_authentication_required) {
    detail += ": check the user and the password in the proxy's URL";
  }
  const bool may_pass = http::to_status_class(status) == http::status_class::server_error;
  finish(may_pass ? passing(codes::upstream_proxy, detail + ".")
                  : lasting(codes::upstream_proxy, detail + "."));
}

// --- TLS -----------------------------------------------------------------------------------------

void UpstreamConnection::shake_hands() {
  const std::string& host = route_.server.host;
  stream_.emplace(socket_, route_.tls->context());
  check_ = std::make_shared<CertificateCheck>(host);
  if (!is_ip_address(host)) SSL_set_tlsext_host_name(stream_->native_handle(), host.c_str());
  stream_->set_verify_callback([check = check_](bool trusted, ssl::verify_context& chain) {
    return check->check(trusted, chain);
  });
  stream_->async_handshake(
      ssl::stream_base::client,
      [self = shared_from_this()](const error_code& error) { self->shaken(error); });
}

void UpstreamConnection::shaken(const error_code& error) {
  if (!waits()) return;
  if (!error) return finish({});
  std::string detail = "TLS with " + route_.server.host + " failed: ";
  const long verdict = SSL_get_verify_result(stream_->native_handle());
  if (const std::string wrong_name = check_->wrong_name(); !wrong_name.empty()) {
    detail += wrong_name + ": correct `base_url`";
  } else {
    detail += error.message();
    if (verdict != X509_V_OK) detail += std::string(": ") + X509_verify_cert_error_string(verdict);
    if (is_unknown_authority(verdict)) detail += ": name the authority's certificate in `ca_file`";
  }
  // A server that is overloaded closes, or resets, before it has answered.
  const bool was_cut = error == asio::error::eof || error == asio::error::connection_reset ||
                       error == asio::error::broken_pipe || error == ssl::error::stream_truncated;
  finish(was_cut ? passing(codes::upstream_tls, detail + ".")
                 : lasting(codes::upstream_tls, detail + "."));
}

}  // namespace lockstep
