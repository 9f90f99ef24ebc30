// SPDX-License-Identifier: Apache-2.0
#include "server/inference/retry.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <string>

#include "server/inference/http_date.h"
#include "server/inference/limits.h"
#include "server/inference/upstream_error.h"

namespace lockstep {

using std::chrono::milliseconds;
namespace http = boost::beast::http;

namespace {

milliseconds bounded(double value, double per_second) {
  const double longest = 2 * std::chrono::duration<double>(limits::retry_wait_max).count();
  const std::chrono::duration<double> seconds(std::clamp(value / per_second, 0.0, longest));
  return std::chrono::duration_cast<milliseconds>(seconds);
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

bool may_pass_by_itself(const HttpHead& head, std::string_view body) {
  const http::status status = http::int_to_status(head.status);
  const ProviderError error = error_of_text(body);
  // Some servers say 5xx to a request that is wrong.
  const bool never = status == http::status::not_implemented ||
                     status == http::status::http_version_not_supported ||
                     head.should_retry == "false" || error.type == "invalid_request_error";
  const std::string code = code_of_refusal(head.status, error);
  return !never && may_pass_by_itself(head.status, code);
}

std::optional<milliseconds> asked_pause(const HttpHead& head, Timestamp now) {
  if (const auto asked = number(head.retry_after_ms)) return bounded(*asked, 1000);
  if (const auto asked = number(head.retry_after)) return bounded(*asked, 1);
  const auto until = read_http_date(head.retry_after);
  if (!until) return {};
  constexpr std::uint64_t microseconds = 1'000'000;
  const auto answered = read_http_date(head.date);
  const std::int64_t from =
      answered ? *answered : static_cast<std::int64_t>(now.get() / microseconds);
  return bounded(static_cast<double>(*until - from), 1);
}

milliseconds own_pause(unsigned tries, milliseconds first, Random& random) {
  const milliseconds pause = first * (1u << (tries - 1));
  const auto jitter =
      static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(pause.count() / 2 + 1));
  return pause / 2 + milliseconds(jitter);
}

}  // namespace lockstep
