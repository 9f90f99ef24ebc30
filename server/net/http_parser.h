// SPDX-License-Identifier: Apache-2.0
// http_parser.h: parses HTTP/1.1 requests with Beast, behind a plain interface.
//
// One parser reads one request, from bytes in pieces of any size. A session makes it at the first
// byte and drops it when the request is complete, so that an idle connection has no parser. In the
// front only http_parser.cc includes Beast: such a file takes half a minute to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/net/http_message.h"

namespace lockstep {

class HttpParser {
 public:
  // `body_bytes_max`: of any request.
  explicit HttpParser(std::size_t body_bytes_max);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Returns how many bytes it took. The caller passes the others again, with those that follow.
  std::size_t feed(std::string_view bytes);

  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  // The fault of the request, if it has one; the connection can't go on then.
  [[nodiscard]] const std::optional<Problem>& problem() const;

  // Requires: `head_done`; called once. The request line and the header. Trailers of a chunked body
  // do not count as headers (RFC 9110, 6.5.1).
  [[nodiscard]] Request take_head();
  // Lowers the limit for this request, when its route is known. A body beyond it is a `problem`.
  void limit_body(std::size_t body_bytes_max);
  // The length that the header gives; nullopt if the body comes in chunks, or there is none.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  // The bytes of the body that have arrived and were not taken.
  [[nodiscard]] std::size_t body_bytes() const;
  // Takes those that have arrived, while others are still to come.
  [[nodiscard]] std::string take_some_body();
  // Requires: `done`.
  [[nodiscard]] std::string take_body();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep
