// SPDX-License-Identifier: Apache-2.0
// http_message.h: a request and its answer, as plain values.
//
// What Beast has parsed (http_parser.h) in terms that the rest of the front can use without
// including it: handlers and tests see only this. Header names are lower case.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/codec/problem.h"
#include "server/codec/stream.h"
#include "server/net/rate_limit.h"
#include "server/net/transport.h"

namespace lockstep {

struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  bool is_folded = false;  // a line of its header goes on in the next one

  // The first of that name; null if there is none.
  [[nodiscard]] const std::string* header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

// A target's parts, percent-decoded.
struct Target {
  std::vector<std::string> path;  // the segments
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::string> authority;  // of a target in absolute form: `http://HOST/path`
};
// Nothing if it is no path with a query, nor that behind `http://HOST`, or an escape in it is
// broken.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

inline constexpr unsigned not_modified = 304;

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  // In place of `body`: bytes that live as long as the process, sent piece by piece.
  std::string_view lasting = {};
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> headers;
};

[[nodiscard]] Response response_of(const Problem& problem);
[[nodiscard]] Response json_response(std::string body);

// An answer whose body comes as it becomes true, until the connection closes.
struct StreamAnswer {
  std::unique_ptr<Stream> stream;
  Form form = Form::sse;
};
// 101: another protocol takes over.
struct UpgradeAnswer {
  std::string accept;  // of the handshake
  std::string subprotocol;
  // `counted`: of the client's address, for as long as the protocol goes on.
  std::move_only_function<std::unique_ptr<Protocol>(Wire& wire, Counted counted)> start;
};
using Answer = std::variant<Response, StreamAnswer, UpgradeAnswer>;
// May be called at any time later, or within the call that handed it over; once. It does nothing if
// the connection is gone by then.
using Respond = std::move_only_function<void(Answer)>;

struct HeadOptions {
  bool keep_alive = true;
  bool is_http_1_0 = false;
  std::string_view date;
  std::vector<std::pair<std::string, std::string>> extra;  // CORS
};
// Status line and headers, the empty line included.
void append_head(std::string& out, const Response& response, const HeadOptions& options);
void append_stream_head(std::string& out, Form form, const HeadOptions& options);
// Of JSON that comes in chunks, or over HTTP/1.0 until the connection closes.
void append_chunked_head(std::string& out, const HeadOptions& options);
void append_chunk(std::string& out, std::string_view bytes);
void append_last_chunk(std::string& out);
void append_upgrade_head(std::string& out, const UpgradeAnswer& answer);

[[nodiscard]] std::string_view reason_of(unsigned status);

}  // namespace lockstep
