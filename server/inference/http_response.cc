// SPDX-License-Identifier: Apache-2.0
#include "server/inference/http_response.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <utility>

#include "server/inference/limits.h"

namespace lockstep {

namespace http = boost::beast::http;
using boost::beast::error_code;

class HttpResponse::Parser final : public http::basic_parser<false> {
 public:
  Parser() {
    eager(true);
    header_limit(limits::head_bytes_max);
    body_limit(boost::none);  // the reader counts: it has other bounds for other answers
  }

  HttpHead head;
  bool head_due = false;
  std::string body;

 private:
  using text = boost::beast::string_view;

  void on_request_impl(http::verb, text, text, int, error_code&) override {}
  void on_response_impl(int code, text, int, error_code&) override {
    head.status = static_cast<unsigned>(code);
  }
  void on_field_impl(http::field name, text, text value, error_code&) override {
    if (name == http::field::content_type) head.content_type = std::string(value);
    if (name == http::field::retry_after) head.retry_after = std::string(value);
  }
  void on_header_impl(error_code&) override { head_due = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(text bytes, error_code&) override { return take(bytes); }
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text bytes, error_code&) override {
    return take(bytes);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(text bytes) {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
};

HttpResponse::HttpResponse() : parser_(std::make_unique<Parser>()) {}
HttpResponse::~HttpResponse() = default;

Result<void> HttpResponse::feed(std::string_view bytes) {
  unparsed_ += bytes;
  std::size_t at = 0;
  while (at < unparsed_.size() && !parser_->is_done()) {
    error_code error;
    at += parser_->put(boost::asio::buffer(unparsed_.data() + at, unparsed_.size() - at), error);
    if (error == http::error::need_more) break;
    if (error == http::error::header_limit) {
      return fail(Kind::rejected, "upstream_too_large", "The head of the answer is too long.");
    }
    if (error) {
      return fail(Kind::rejected, "upstream_malformed",
                  "The model server's answer is not HTTP: " + error.message() + ".");
    }
  }
  unparsed_.erase(0, at);
  // What waits is a piece of a head or of a chunk's first line.
  if (unparsed_.size() > limits::head_bytes_max) {
    return fail(Kind::rejected, "upstream_too_large", "The head of the answer is too long.");
  }
  return {};
}

Result<void> HttpResponse::close() {
  if (parser_->is_done()) return {};
  error_code error;
  if (parser_->got_some()) parser_->put_eof(error);
  if (!parser_->got_some() || error) {
    return fail(Kind::unavailable, "upstream_interrupted",
                "The model server closed the connection before the end of its answer.");
  }
  return {};
}

std::optional<HttpHead> HttpResponse::take_head() {
  if (!std::exchange(parser_->head_due, false)) return {};
  return parser_->head;
}

std::string HttpResponse::take_body() { return std::exchange(parser_->body, {}); }

bool HttpResponse::done() const { return parser_->is_done(); }

}  // namespace lockstep
