// SPDX-License-Identifier: Apache-2.0
// http_answer.h: one request of the HTTP client, and all that came of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/inference/http_client.h"
#include "server/inference/limits.h"
#include "tests/inference/loop.h"

namespace lockstep {

struct Answer final : HttpReader {
  void on_connected() override { connected = true; }
  void on_head(const HttpHead& given) override { head = given; }
  void on_body(std::string_view bytes) override { body += bytes; }
  void on_end(std::optional<Error> given) override {
    over = true;
    if (given) error = *given;
  }
  bool connected = false;
  HttpHead head;
  std::string body;
  bool over = false;
  Error error;
};

inline Answer ask(HttpRequest request, std::shared_ptr<TlsContext> tls = nullptr,
                  std::chrono::milliseconds connect_max = limits::connect_timeout) {
  boost::asio::io_context loop;
  HttpClient client(loop.get_executor(), std::move(tls));
  Answer answer;
  const auto exchange = client.post(std::move(request), connect_max, answer);
  EXPECT_TRUE(run_until(loop, [&answer] { return answer.over; }));
  return answer;
}

}  // namespace lockstep
