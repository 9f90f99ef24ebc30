// SPDX-License-Identifier: Apache-2.0
#include "server/inference/http_client.h"

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url.hpp>

#include "engine/base/codes.h"
#include "server/base/timer.h"
#include "server/inference/deadline_text.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

struct HttpClient::Tls {
  Tls() : context(ssl::context::tls_client) {
    error_code ignored;  // without authorities every handshake fails, with an error that says why
    context.set_default_verify_paths(ignored);
    context.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  }
  ssl::context context;
};

namespace {

constexpr unsigned http_1_1 = 11;

std::string host_header(const Endpoint& endpoint) {
  const bool literal_v6 = endpoint.host.find(':') != std::string::npos;
  std::string host = literal_v6 ? "[" + endpoint.host + "]" : endpoint.host;
  const std::string_view usual = endpoint.tls ? "443" : "80";
  return endpoint.port == usual ? host : host + ":" + endpoint.port;
}

http::request<http::string_body> message_of(HttpRequest request) {
  http::request<http::string_body> message(http::verb::post, request.endpoint.base + request.path,
                                           http_1_1, std::move(request.body));
  message.set(http::field::host, host_header(request.endpoint));
  for (const auto& [name, value] : request.headers) message.insert(name, value);
  message.keep_alive(false);
  message.prepare_payload();
  return message;
}

bool is_ip_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

Error error_of(Code code, std::string detail) {
  return Error{Kind::unavailable, code, std::move(detail)};
}

// One request, from the name's lookup to the last byte. Every handler holds a reference, and checks
// `open()` first: after `close` the reader may be gone.
class Exchange final : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(const asio::any_io_executor& executor, HttpRequest request, HttpReader& reader)
      : endpoint_(request.endpoint),
        request_(message_of(std::move(request))),
        reader_(&reader),
        resolver_(executor),
        socket_(executor),
        deadline_(executor) {
    expect_answer();
    buffer_.reserve(limits::answer_read_bytes);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void use_tls(ssl::context& context) { stream_.emplace(socket_, context); }

  void start(std::chrono::milliseconds connect_max) {
    deadline_.after(connect_max, [this, connect_max] {
      finish(error_of(codes::upstream_unreachable,
                      "The model server did not accept a connection " +
                          within(connect_max, "connect_timeout_seconds") + "."));
    });
    resolver_.async_resolve(endpoint_.host, endpoint_.port,
                            [self = shared_from_this()](const error_code& error,
                                                        const tcp::resolver::results_type& to) {
                              self->resolved(error, to);
                            });
  }

  void close() {
    reader_ = nullptr;
    deadline_.cancel();
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  void pause() { paused_ = true; }

  void resume() {
    if (std::exchange(paused_, false) && connected_) read();
  }

 private:
  [[nodiscard]] bool open() const { return reader_ != nullptr; }

  void finish(std::optional<Error> error) {
    const auto self = shared_from_this();
    HttpReader* reader = reader_;
    close();
    if (reader) reader->on_end(std::move(error));
  }

  void unreachable(const error_code& error) {
    finish(error_of(codes::upstream_unreachable,
                    "The model server can't be reached: " + endpoint_.host + ":" + endpoint_.port +
                        ": " + error.message() + "."));
  }

  void resolved(const error_code& error, const tcp::resolver::results_type& to) {
    if (!open()) return;
    if (error) return unreachable(error);
    asio::async_connect(
        socket_, to, [self = shared_from_this()](const error_code& failure, const tcp::endpoint&) {
          self->connected(failure);
        });
  }

  void connected(const error_code& error) {
    if (!open()) return;
    if (error) return unreachable(error);
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    if (stream_) return shake_hands();
    send();
  }

  void shake_hands() {
    const std::string& host = endpoint_.host;
    if (!is_ip_address(host)) SSL_set_tlsext_host_name(stream_->native_handle(), host.c_str());
    stream_->set_verify_callback(ssl::host_name_verification(host));
    stream_->async_handshake(
        ssl::stream_base::client,
        [self = shared_from_this()](const error_code& error) { self->shaken(error); });
  }

  void shaken(const error_code& error) {
    if (!open()) return;
    if (!error) return send();
    std::string detail = "TLS with " + endpoint_.host + " failed: " + error.message();
    const long verdict = SSL_get_verify_result(stream_->native_handle());
    if (verdict != X509_V_OK) {
      detail += std::string(": ") + X509_verify_cert_error_string(verdict);
    }
    finish(error_of(codes::upstream_tls, detail + "."));
  }

  // Reads from now on: a server may refuse a request, and say why, without reading the whole of it.
  void send() {
    deadline_.cancel();
    connected_ = true;
    reader_->on_connected();
    if (!open()) return;
    const auto sent = [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!self->open()) return;
      // Such a server may also close: the reading then ends the exchange, after the answer.
      if (error && error != asio::error::broken_pipe && error != asio::error::connection_reset) {
        return self->unreachable(error);
      }
      self->request_.body() = {};
    };
    if (stream_) {
      http::async_write(*stream_, request_, sent);
    } else {
      http::async_write(socket_, request_, sent);
    }
    read();
  }

  void expect_answer() {
    parser_.emplace();
    parser_->header_limit(limits::head_bytes_max);
    parser_->body_limit(boost::none);  // the reader counts: it has other bounds for other answers
    // Eager, it would hold back the last token until more comes, if a chunk's end is cut in two.
    parser_->eager(false);
  }

  // A 1xx says that the answer is still to come (RFC 9110, section 15.2). The only other one, 101,
  // belongs to an upgrade, which the request does not ask for.
  [[nodiscard]] bool is_interim() const {
    return parser_->is_header_done() && parser_->get().result_int() / 100 == 1 &&
           parser_->get().result() != http::status::switching_protocols;
  }

  void read() {
    if (!open() || paused_ || reading_) return;
    reading_ = true;
    auto& body = parser_->get().body();
    body = {.data = incoming_.data(), .size = incoming_.size(), .more = true};
    const auto taken = [self = shared_from_this()](const error_code& error, std::size_t) {
      self->reading_ = false;
      if (self->open()) self->took(error);
    };
    if (stream_) {
      http::async_read_some(*stream_, buffer_, *parser_, taken);
    } else {
      http::async_read_some(socket_, buffer_, *parser_, taken);
    }
  }

  void took(error_code error) {
    // Many servers leave out TLS's own good-bye; the answer's framing tells whether it was whole.
    if (error == ssl::error::stream_truncated && parser_->got_some()) parser_->put_eof(error);
    if (!error && is_interim()) {
      if (++interim_answers_ > limits::interim_answers_max) {
        return finish(Error{Kind::rejected, codes::upstream_malformed,
                            "The model server sent too many interim (1xx) answers."});
      }
      expect_answer();
      return read();
    }
    hand_on();
    if (!open()) return;
    if (parser_->is_done()) return finish({});
    if (!error || error == http::error::need_buffer) return read();
    finish(fault_of(error));
  }

  static Error fault_of(const error_code& error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message ||
        error == ssl::error::stream_truncated) {
      return error_of(codes::upstream_interrupted,
                      "The model server closed the connection before the end of its answer.");
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return {Kind::rejected, codes::upstream_too_large, "The head of the answer is too long."};
    }
    if (error.category() == error_code(http::error::bad_version).category()) {
      return {Kind::rejected, codes::upstream_malformed,
              "The model server's answer is not HTTP: " + error.message() + "."};
    }
    return error_of(codes::upstream_interrupted,
                    "The connection to the model server broke: " + error.message() + ".");
  }

  void hand_on() {
    if (parser_->is_header_done() && !std::exchange(headed_, true)) {
      const auto& head = parser_->get();
      reader_->on_head({.status = head.result_int(),
                        .content_type = std::string(head[http::field::content_type]),
                        .content_encoding = std::string(head[http::field::content_encoding]),
                        .retry_after = std::string(head[http::field::retry_after])});
    }
    if (!open()) return;
    const std::size_t size = incoming_.size() - parser_->get().body().size;
    if (size > 0) reader_->on_body({incoming_.data(), size});
  }

  Endpoint endpoint_;
  http::request<http::string_body> request_;
  HttpReader* reader_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::optional<ssl::stream<tcp::socket&>> stream_;
  Timer deadline_;                                                  // to be connected
  std::optional<http::response_parser<http::buffer_body>> parser_;  // of the answer that comes now
  beast::flat_buffer buffer_{limits::head_bytes_max};
  bool headed_ = false;
  std::array<char, limits::answer_read_bytes> incoming_{};
  std::uint32_t interim_answers_ = 0;
  bool connected_ = false;
  bool reading_ = false;
  bool paused_ = false;
};

class Handle final : public HttpExchange {
 public:
  explicit Handle(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~Handle() override { exchange_->close(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  void pause() override { exchange_->pause(); }
  void resume() override { exchange_->resume(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

namespace {

// The URL for an error text, without a user, a password or a query: they may hold secrets.
std::string without_secrets(std::string_view url) {
  std::string shown(url);
  const std::size_t scheme = shown.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  // A password may hold any character, also those that end a host or a path.
  if (shown.find('@', start) != std::string::npos)
    return shown.replace(start, shown.size(), "[secret]");
  const std::size_t query = shown.find_first_of("?#");
  if (query != std::string::npos) shown.replace(query + 1, std::string::npos, "[secret]");
  return shown;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(url.data(), url.size()));
  if (!parsed)
    return fail(Kind::rejected, codes::invalid,
                "`base_url` must be an absolute URL: " + without_secrets(url));
  const bool tls = parsed->scheme() == "https";
  if (!tls && parsed->scheme() != "http") {
    return fail(Kind::rejected, codes::invalid,
                "`base_url` must begin with http:// or https://: " + without_secrets(url));
  }
  if (parsed->host().empty() || parsed->has_query() || parsed->has_fragment() ||
      parsed->has_userinfo()) {
    return fail(
        Kind::rejected, codes::invalid,
        "`base_url` must have a host, and no user, query or fragment: " + without_secrets(url));
  }
  Endpoint endpoint;
  endpoint.tls = tls;
  endpoint.host = std::string(parsed->host_address());
  endpoint.port = parsed->port().empty() ? (tls ? "443" : "80") : std::string(parsed->port());
  endpoint.base = std::string(parsed->encoded_path());
  while (endpoint.base.ends_with('/')) endpoint.base.pop_back();
  return endpoint;
}

HttpClient::HttpClient(asio::any_io_executor executor) : executor_(std::move(executor)) {}
HttpClient::~HttpClient() = default;

std::unique_ptr<HttpExchange> HttpClient::post(HttpRequest request,
                                               std::chrono::milliseconds connect_max,
                                               HttpReader& reader) {
  const bool tls = request.endpoint.tls;
  auto exchange = std::make_shared<Exchange>(executor_, std::move(request), reader);
  if (tls) {
    if (!tls_) tls_ = std::make_shared<Tls>();
    exchange->use_tls(tls_->context);  // OpenSSL counts references: a stream may outlive `tls_`
  }
  exchange->start(connect_max);
  return std::make_unique<Handle>(std::move(exchange));
}

}  // namespace lockstep
