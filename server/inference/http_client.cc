// SPDX-License-Identifier: Apache-2.0
#include "server/inference/http_client.h"

#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "engine/base/codes.h"
#include "server/inference/connection.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

// A proxy that gets the request itself, and no tunnel, needs the whole URL (RFC 9112, section
// 3.2.2).
std::string target_of(const HttpRequest& request) {
  std::string target = request.endpoint.base + request.path;
  if (!request.query.empty()) target += "?" + request.query;
  const bool over_proxy = request.proxy && !request.endpoint.tls;
  return over_proxy ? "http://" + host_header(request.endpoint) + target : target;
}

http::request<http::string_body> message_of(HttpRequest request) {
  http::request<http::string_body> message(http::verb::post, target_of(request), http_1_1,
                                           std::move(request.body));
  message.set(http::field::host, host_header(request.endpoint));
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (request.proxy && !request.endpoint.tls) {
    const std::string credentials = basic_credentials(*request.proxy);
    if (!credentials.empty()) message.set(http::field::proxy_authorization, credentials);
  }
  message.keep_alive(false);
  message.prepare_payload();
  return message;
}

Error error_of(Code code, std::string detail) {
  return Error{Kind::unavailable, code, std::move(detail)};
}

// One request, from the connection to the last byte. Every handler holds a reference, and checks
// `open()` first: after `close` the reader may be gone.
class Exchange final : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(const asio::any_io_executor& executor, HttpRequest request,
           std::shared_ptr<TlsContext> tls, HttpReader& reader)
      : connection_(std::make_shared<UpstreamConnection>(
            executor, UpstreamRoute{request.endpoint, request.proxy, std::move(tls)})),
        request_(message_of(std::move(request))),
        reader_(&reader) {
    expect_answer();
    buffer_.reserve(limits::answer_read_bytes);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void start(std::chrono::milliseconds connect_max) {
    connection_->open(connect_max, [self = shared_from_this()](std::optional<Error> error) {
      if (error) return self->finish(std::move(error));
      if (self->open()) self->send();
    });
  }

  void close() {
    reader_ = nullptr;
    connection_->close();
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

  // Reads from now on: a server may refuse a request, and say why, without reading the whole of it.
  void send() {
    connected_ = true;
    reader_->on_connected();
    if (!open()) return;
    const auto sent = [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!self->open()) return;
      // Such a server may also close: the reading then ends the exchange, after the answer.
      const bool may_answer = error == asio::error::broken_pipe ||
                              error == asio::error::connection_reset ||
                              error.category() == asio::error::get_ssl_category();
      if (error && !may_answer) {
        return self->finish(broken(error));
      }
      self->request_.body() = {};
    };
    if (auto* tls = connection_->tls()) {
      http::async_write(*tls, request_, sent);
    } else {
      http::async_write(connection_->socket(), request_, sent);
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
    if (auto* tls = connection_->tls()) {
      http::async_read_some(*tls, buffer_, *parser_, taken);
    } else {
      http::async_read_some(connection_->socket(), buffer_, *parser_, taken);
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
    // In TLS 1.3 a server refuses a client's certificate when the client has begun to speak.
    if (error.category() == asio::error::get_ssl_category()) {
      return {Kind::rejected, codes::upstream_tls,
              "The model server ended TLS: " + error.message() +
                  ": if it wants a certificate of the client, set `client_certificate_file`."};
    }
    return broken(error);
  }

  static Error broken(const error_code& error) {
    return error_of(codes::upstream_interrupted,
                    "The connection to the model server broke: " + error.message() + ".");
  }

  void hand_on() {
    if (parser_->is_header_done() && !std::exchange(headed_, true)) {
      const auto& head = parser_->get();
      reader_->on_head({.status = head.result_int(),
                        .content_type = std::string(head[http::field::content_type]),
                        .content_encoding = std::string(head[http::field::content_encoding]),
                        .date = std::string(head[http::field::date]),
                        .location = std::string(head[http::field::location]),
                        .retry_after = std::string(head[http::field::retry_after]),
                        .retry_after_ms = std::string(head["retry-after-ms"]),
                        .should_retry = std::string(head["x-should-retry"])});
    }
    if (!open()) return;
    const std::size_t size = incoming_.size() - parser_->get().body().size;
    if (size > 0) reader_->on_body({incoming_.data(), size});
  }

  std::shared_ptr<UpstreamConnection> connection_;
  http::request<http::string_body> request_;
  HttpReader* reader_;
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

HttpClient::HttpClient(asio::any_io_executor executor, std::shared_ptr<TlsContext> tls)
    : executor_(std::move(executor)), tls_(std::move(tls)) {}
HttpClient::~HttpClient() = default;

std::unique_ptr<HttpExchange> HttpClient::post(HttpRequest request,
                                               std::chrono::milliseconds connect_max,
                                               HttpReader& reader) {
  if (request.endpoint.tls && !tls_) tls_ = std::make_shared<TlsContext>();
  // OpenSSL counts references: a stream may outlive `tls_`.
  auto exchange = std::make_shared<Exchange>(executor_, std::move(request), tls_, reader);
  exchange->start(connect_max);
  return std::make_unique<Handle>(std::move(exchange));
}

}  // namespace lockstep
