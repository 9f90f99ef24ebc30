// SPDX-License-Identifier: Apache-2.0
#include "server/net/http_message.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/ascii.h"
#include "engine/base/must.h"
#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/base/percent.h"
#include "server/net/http_rules.h"

namespace lockstep {
namespace {

struct StatusReason {
  unsigned status;
  std::string_view reason;
};
constexpr std::array reasons{
    StatusReason{100, "Continue"},
    StatusReason{101, "Switching Protocols"},
    StatusReason{200, "OK"},
    StatusReason{created, "Created"},
    StatusReason{204, "No Content"},
    StatusReason{partial_content, "Partial Content"},
    StatusReason{not_modified, "Not Modified"},
    StatusReason{400, "Bad Request"},
    StatusReason{401, "Unauthorized"},
    StatusReason{403, "Forbidden"},
    StatusReason{404, "Not Found"},
    StatusReason{405, "Method Not Allowed"},
    StatusReason{406, "Not Acceptable"},
    StatusReason{408, "Request Timeout"},
    StatusReason{409, "Conflict"},
    StatusReason{410, "Gone"},
    StatusReason{precondition_failed, "Precondition Failed"},
    StatusReason{413, "Content Too Large"},
    StatusReason{415, "Unsupported Media Type"},
    StatusReason{range_not_satisfiable, "Range Not Satisfiable"},
    StatusReason{417, "Expectation Failed"},
    StatusReason{422, "Unprocessable Content"},
    StatusReason{426, "Upgrade Required"},
    StatusReason{429, "Too Many Requests"},
    StatusReason{431, "Request Header Fields Too Large"},
    StatusReason{500, "Internal Server Error"},
    StatusReason{501, "Not Implemented"},
    StatusReason{503, "Service Unavailable"},
};

// Removes and returns the text up to `separator`; removes the separator too.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

// `text`: without its first slash.
bool parse_path(std::string_view text, std::vector<std::string>& path) {
  while (!text.empty()) {
    auto segment = percent_decoded(take_until(text, '/'));
    if (!segment) return false;
    path.push_back(std::move(*segment));
  }
  return true;
}

// Removes `http://HOST` from a target in absolute form (RFC 9112, 3.2.2). Leaves a target alone
// whose host is missing, wrong or has a user before it: `parse_target` then refuses it, because it
// does not begin with `/`.
std::optional<std::string> take_authority(std::string_view& target) {
  const std::size_t scheme = target.find("://");
  const std::string_view name = target.substr(0, std::min(scheme, target.size()));
  if (!is_same(name, "http") && !is_same(name, "https")) return std::nullopt;
  if (scheme == std::string_view::npos) return std::nullopt;
  const std::string_view rest = target.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto host = host_of(authority);
  if (!host || host->empty()) return std::nullopt;
  target = rest.substr(authority.size());
  return std::string(authority);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_status(std::string& out, unsigned status, const HeadOptions& options) {
  out += "HTTP/1.1 ";
  append_number(out, status);
  out += ' ';
  out += reason_of(status);
  out += "\r\n";
  if (!options.date.empty()) append_header(out, "Date", options.date);
  for (const auto& [name, value] : options.extra) append_header(out, name, value);
}

}  // namespace

const std::string* Request::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? nullptr : &found->second;
}

std::size_t Request::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count(headers, name, &std::pair<std::string, std::string>::first));
}

std::optional<Target> parse_target(std::string_view target) {
  Target parsed;
  parsed.authority = take_authority(target);
  const bool starts = target.starts_with('/');
  if (!starts && !parsed.authority) return std::nullopt;
  std::string_view query = target.substr(0, target.find('#'));
  // `http://HOST` and `http://HOST?query` have the path `/`.
  if (starts) query.remove_prefix(1);
  if (!parse_path(take_until(query, '?'), parsed.path)) return std::nullopt;
  while (!query.empty()) {
    std::string_view pair = take_until(query, '&');
    auto name = percent_decoded(take_until(pair, '='), Plus::space);
    auto value = percent_decoded(pair);
    if (!name || !value) return std::nullopt;
    parsed.query.emplace_back(std::move(*name), std::move(*value));
  }
  return parsed;
}

std::string_view reason_of(unsigned status) {
  const auto* found = std::ranges::find(reasons, status, &StatusReason::status);
  return found == reasons.end() ? "Status" : found->reason;
}

Response response_of(const Problem& problem) {
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  append_problem(response.body, problem);
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.status == 429 || problem.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(limits::retry_after.count()));
  }
  if (problem.status == 415) {
    response.headers.emplace_back("Accept", "application/json");
    response.headers.emplace_back("Accept-Encoding", "identity");
  }
  if (problem.status == 426) response.headers.emplace_back("Upgrade", "websocket");
  return response;
}

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
  append_status(out, response.status, options);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (response.status != 204 && response.status != not_modified) {
    const std::uint64_t size =
        response.length.value_or(response.body.size() + response.lasting.size());
    append_header(out, "Content-Type", response.content_type);
    append_header(out, "Content-Length", std::to_string(size));
  }
  append_header(out, "Cache-Control", response.cache_control);
  append_header(out, "X-Content-Type-Options", "nosniff");
  if (!options.keep_alive) append_header(out, "Connection", "close");
  if (options.keep_alive && options.is_http_1_0) append_header(out, "Connection", "keep-alive");
  out += "\r\n";
}

void append_stream_head(std::string& out, Form form, const HeadOptions& options) {
  append_status(out, 200, options);
  append_header(out, "Content-Type",
                form == Form::sse ? "text/event-stream" : "application/x-ndjson");
  append_header(out, "Cache-Control", "no-store");
  append_header(out, "X-Accel-Buffering", "no");
  append_header(out, "X-Content-Type-Options", "nosniff");
  append_header(out, "Connection", "close");
  out += "\r\n";
}

void append_chunked_head(std::string& out, const HeadOptions& options) {
  append_status(out, 200, options);
  append_header(out, "Content-Type", "application/json");
  if (!options.is_http_1_0) append_header(out, "Transfer-Encoding", "chunked");
  append_header(out, "Cache-Control", "no-store");
  append_header(out, "X-Content-Type-Options", "nosniff");
  if (!options.keep_alive) append_header(out, "Connection", "close");
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the body
  std::array<char, 2 * sizeof(std::size_t)> digits{};
  constexpr int hexadecimal = 16;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), hexadecimal);
  MUST(error == std::errc());
  out.append(digits.data(), end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

void append_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

void append_upgrade_head(std::string& out, const UpgradeAnswer& answer) {
  out += "HTTP/1.1 101 Switching Protocols\r\n";
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Accept", answer.accept);
  if (!answer.subprotocol.empty()) {
    append_header(out, "Sec-WebSocket-Protocol", answer.subprotocol);
  }
  out += "\r\n";
}

}  // namespace lockstep
