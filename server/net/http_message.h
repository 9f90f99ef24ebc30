// SPDX-License-Identifier: Apache-2.0
// http_message.h: a request and its answer, as plain values.
//
// http_parser.h fills them, so that handlers and tests need not include Beast. Header names are in
// lower case.
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
  bool is_folded = false;  // a field of its header continues on the next line

  // The first field of that name; null if the request has none.
  [[nodiscard]] const std::string* header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

// A target's parts, percent-decoded.
struct Target {
  std::vector<std::string> path;  // the segments
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::string> authority;  // of a target in absolute form: `http://HOST/path`
};
// `nullopt` if the target is not `PATH?QUERY`, with or without `http://HOST` before it, or has a
// broken escape.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

inline constexpr unsigned created = 201;
inline constexpr unsigned partial_content = 206;
inline constexpr unsigned not_modified = 304;
inline constexpr unsigned precondition_failed = 412;
inline constexpr unsigned range_not_satisfiable = 416;

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  // Instead of `body`: bytes that live as long as the process, sent piece by piece.
  std::string_view lasting = {};
  // Instead of both, in a BodyAnswer: the length of the body that follows.
  std::optional<std::uint64_t> length = {};
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> headers;
};

[[nodiscard]] Response response_of(const Problem& problem);
[[nodiscard]] Response json_response(std::string body);

// An answer that streams frames until the connection closes.
struct StreamAnswer {
  std::unique_ptr<Stream> stream;
  Form form = Form::sse;
};
// 101: another protocol takes over.
struct UpgradeAnswer {
  std::string accept;  // of the handshake
  std::string subprotocol;
  // `counted`: the client's open connection, which the new protocol holds.
  std::move_only_function<std::unique_ptr<Protocol>(Transport& transport, Counted counted)> start;
};
// An answer whose length is known, and whose body comes in pieces: exactly `head.length` bytes. If
// the body ends earlier, the session closes the connection, so that its reader sees that.
struct BodyAnswer {
  Response head;
  std::unique_ptr<Stream> body;
};
using Answer = std::variant<Response, StreamAnswer, UpgradeAnswer, BodyAnswer>;
// Call it once: at any later time, or within the call that handed it over. It does nothing if the
// connection is gone by then.
using Respond = std::move_only_function<void(Answer)>;

struct HeadOptions {
  bool keep_alive = true;
  bool is_http_1_0 = false;
  std::string_view date;
  std::vector<std::pair<std::string, std::string>> extra;  // CORS
};
// Status line and headers, with the empty line.
void append_head(std::string& out, const Response& response, const HeadOptions& options);
void append_stream_head(std::string& out, Form form, const HeadOptions& options);
// The head of JSON in chunks; over HTTP/1.0 the end of the connection ends the JSON instead.
void append_chunked_head(std::string& out, const HeadOptions& options);
void append_chunk(std::string& out, std::string_view bytes);
void append_last_chunk(std::string& out);
void append_upgrade_head(std::string& out, const UpgradeAnswer& answer);

[[nodiscard]] std::string_view reason_of(unsigned status);

}  // namespace lockstep
