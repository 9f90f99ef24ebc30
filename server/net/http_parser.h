// SPDX-License-Identifier: Apache-2.0
// http_parser.h: HTTP/1.1 requests, parsed by Beast behind a plain face.
//
// One parser reads one request, from bytes in pieces of any size. It is made when the first byte
// comes and goes when the request is handed on, so that an idle connection holds none. The only
// file that includes Beast is http_parser.cc: such a unit takes half a minute to compile.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "server/net/http_message.h"

namespace lockstep {

class HttpParser {
 public:
  explicit HttpParser(std::size_t body_bytes_max);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // How many of the bytes were taken; the others are to be given again, with what follows them.
  std::size_t feed(std::string_view bytes);

  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  // What is wrong with the request; the connection can't go on then.
  [[nodiscard]] const std::optional<Problem>& problem() const;

  // Requires: `head_done`; called once. Everything but the body, as it stood before it: what trails
  // a chunked body is no header (RFC 9110, 6.5.1).
  [[nodiscard]] Request take_head();
  // How much of the body is here.
  [[nodiscard]] std::size_t body_bytes() const;
  // Requires: `done`.
  [[nodiscard]] std::string take_body();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep
