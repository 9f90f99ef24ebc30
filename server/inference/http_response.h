// SPDX-License-Identifier: Apache-2.0
// http_response.h: an HTTP answer, read from bytes as they come.
//
// Beast's parser with a plain face: bytes in, a head and body bytes out; no sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/inference/http_client.h"

namespace lockstep {

class HttpResponse {
 public:
  HttpResponse();
  ~HttpResponse();
  HttpResponse(const HttpResponse&) = delete;
  HttpResponse& operator=(const HttpResponse&) = delete;

  // Fails with upstream_malformed or upstream_too_large; what was read before it can still be
  // taken.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The server has closed. Fails with upstream_interrupted if the answer was not whole.
  [[nodiscard]] Result<void> close();

  // The head, once, as soon as it is there.
  [[nodiscard]] std::optional<HttpHead> take_head();
  // The body since the last call.
  [[nodiscard]] std::string take_body();
  [[nodiscard]] bool done() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  std::string unparsed_;
};

}  // namespace lockstep
