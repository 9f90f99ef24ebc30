// SPDX-License-Identifier: Apache-2.0
#include "server/net/http_parser.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "server/base/limits.h"

namespace lockstep {
namespace http = boost::beast::http;

struct HttpParser::Inside {
  http::request_parser<http::string_body> parser;
  std::optional<Problem> problem;
  std::optional<Request> head;
  bool head_done = false;
  std::size_t body_bytes_max = 0;
  std::size_t taken = 0;  // bytes of the body that were taken before its end
  bool too_long = false;  // the problem is the length of the body

  void check_length();
};

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Problem too_long(std::size_t body_bytes_max) {
  return make_problem(codes::too_large,
                      "The body is longer than " + std::to_string(body_bytes_max) + " bytes.");
}

Problem problem_for(const boost::system::error_code& error) {
  if (error == http::error::header_limit) {
    return make_problem(
        codes::header_too_large,
        "The header is longer than " + std::to_string(limits::header_bytes_max) + " bytes.");
  }
  return make_problem(codes::malformed,
                      "The request is not valid HTTP/1.1: " + error.message() + ".");
}

Request head_of(const http::request_parser<http::string_body>& parser) {
  const auto& message = parser.get();
  Request request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(ascii_lower(view(field.name_string())), view(field.value()));
  }
  // If the parser refuses the Content-Length, it does not call the header done, and its
  // `keep_alive` would fail.
  request.keep_alive = parser.is_header_done() && parser.keep_alive();
  request.is_http_1_0 = message.version() == 10;
  return request;
}

// Does a line of the header begin with white space? The parser joins it to the line above, so it
// does not show in the parsed fields.
bool is_folded(std::string_view header) {
  return header.contains("\n ") || header.contains("\n\t");
}

}  // namespace

HttpParser::HttpParser(std::size_t body_bytes_max) : inside_(std::make_unique<Inside>()) {
  inside_->parser.header_limit(limits::header_bytes_max);
  inside_->parser.body_limit(body_bytes_max);
  inside_->body_bytes_max = body_bytes_max;
}

HttpParser::~HttpParser() = default;

std::size_t HttpParser::feed(std::string_view bytes) {
  MUST(!inside_->problem.has_value());
  std::size_t taken = 0;
  while (taken < bytes.size() && !inside_->parser.is_done()) {
    boost::system::error_code error;
    const std::size_t count = inside_->parser.put(boost::asio::buffer(bytes.substr(taken)), error);
    taken += count;
    // So far the parser stops behind the header; `eager` makes it read on to the end. It refuses a
    // Content-Length beyond the limit only after it has read the whole header.
    const bool refuses_length = error == http::error::body_limit;
    if (!head_done() && (inside_->parser.is_header_done() || refuses_length)) {
      inside_->head_done = true;
      inside_->parser.eager(true);
      inside_->head = head_of(inside_->parser);
      // The parser takes a header as a whole, so all of it is here.
      inside_->head->is_folded = is_folded(bytes.substr(0, taken));
    }
    if (error == http::error::need_more) break;
    if (error) {
      inside_->too_long = refuses_length;
      inside_->problem = refuses_length ? too_long(inside_->body_bytes_max) : problem_for(error);
      break;
    }
    if (count == 0) break;
  }
  inside_->check_length();
  return taken;
}

void HttpParser::Inside::check_length() {
  const std::size_t come = taken + parser.get().body().size();
  if (!head_done || problem || come <= body_bytes_max) return;
  too_long = true;
  problem = lockstep::too_long(body_bytes_max);
}

void HttpParser::limit_body(std::size_t body_bytes_max) {
  inside_->body_bytes_max = body_bytes_max;
  const bool announced = content_length().value_or(0) > body_bytes_max;
  if (inside_->too_long || (announced && !inside_->problem)) {
    inside_->too_long = true;
    inside_->problem = too_long(body_bytes_max);
  }
  inside_->check_length();
}

std::optional<std::uint64_t> HttpParser::content_length() const {
  if (!inside_->parser.is_header_done()) return std::nullopt;
  const auto length = inside_->parser.content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::string HttpParser::take_some_body() {
  std::string some = std::move(inside_->parser.get().body());
  inside_->parser.get().body().clear();
  inside_->taken += some.size();
  return some;
}

bool HttpParser::head_done() const { return inside_->head_done; }
bool HttpParser::done() const { return inside_->parser.is_done(); }
const std::optional<Problem>& HttpParser::problem() const { return inside_->problem; }

Request HttpParser::take_head() {
  MUST(inside_->head.has_value());
  Request head = std::move(*inside_->head);
  inside_->head.reset();
  return head;
}

std::size_t HttpParser::body_bytes() const { return inside_->parser.get().body().size(); }

std::string HttpParser::take_body() {
  MUST(done());
  return std::move(inside_->parser.get().body());
}

}  // namespace lockstep
