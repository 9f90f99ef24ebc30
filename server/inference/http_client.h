// SPDX-License-Identifier: Apache-2.0
// http_client.h: sends a request to a model server and streams the answer.
//
// A request is an object: destroying it closes its TCP connection at once, which is how a model is
// told to stop. The body of the answer is handed on as it comes, in no particular pieces.
// Connections are not kept for another request: an answer takes seconds, a handshake milliseconds,
// and a fresh connection is never half dead.
//
// How the server is reached (its addresses, a proxy, TLS) is in connection.h, which owns one
// deadline: to be connected. From `on_connected` on the reader watches the time, because it alone
// can tell a token from a comment. Then Beast writes the request and reads the answer.
//
// The client does not follow redirects: a request has a key, which must go only to the configured
// server.
//
// Errors: those of connection.h, upstream_interrupted (closed before the answer's end),
// upstream_malformed (not HTTP), upstream_too_large (the head). `Kind::unavailable` means that
// another try may succeed.
//
// Lives on: the strand of its executor; readers are called there, never from within `post`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "server/inference/endpoint.h"
#include "server/inference/proxy.h"

namespace lockstep {

class TlsContext;

struct HttpRequest {
  Endpoint endpoint;
  std::string path;                                          // after the base
  std::vector<std::pair<std::string, std::string>> headers;  // a later one replaces an earlier
  std::string body;
  std::string query = {};  // encoded, without `?`
  std::optional<Proxy> proxy = {};
};

struct HttpHead {
  unsigned status = 0;
  std::string content_type;
  std::string content_encoding;
  std::string date;
  std::string location;
  std::string retry_after;
  std::string retry_after_ms;  // some providers have this, and the next one, besides
  std::string should_retry;    // `x-should-retry`: true or false
};

// Any of these may destroy the exchange.
class HttpReader {
 public:
  virtual ~HttpReader() = default;
  // The request is being sent.
  virtual void on_connected() = 0;
  virtual void on_head(const HttpHead& head) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  // The last call: the answer is whole, or has failed with `error`.
  virtual void on_end(std::optional<Error> error) = 0;
};

class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  // Stops reading until `resume`; still hands on the bytes that it has read.
  virtual void pause() = 0;
  virtual void resume() = 0;
};

class HttpClient {
 public:
  // `tls`: whom to trust; null: the system's authorities, which the first request reads.
  explicit HttpClient(boost::asio::any_io_executor executor,
                      std::shared_ptr<TlsContext> tls = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The reader outlives the exchange, which may outlive the client.
  [[nodiscard]] std::unique_ptr<HttpExchange> post(HttpRequest request,
                                                   std::chrono::milliseconds connect_max,
                                                   HttpReader& reader);

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<TlsContext> tls_;
};

}  // namespace lockstep
