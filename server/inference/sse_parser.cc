// SPDX-License-Identifier: Apache-2.0
#include "server/inference/sse_parser.h"

#include <utility>

#include "engine/base/codes.h"

namespace lockstep {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

std::vector<ServerSentEvent> SseParser::feed(std::string_view bytes) {
  std::vector<ServerSentEvent> events;
  while (!bytes.empty() && !error_) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (line_.size() > event_bytes_max_) {
      fail_too_large();
      break;
    }
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(events);
  }
  return events;
}

std::vector<ServerSentEvent> SseParser::finish() {
  std::vector<ServerSentEvent> events;
  if (!line_.empty()) take_line(events);
  if (!error_ && has_data_) take_line(events);  // as if by an empty line
  if (error_) events.clear();
  return events;
}

void SseParser::take_line(std::vector<ServerSentEvent>& events) {
  std::string taken = std::exchange(line_, {});
  std::string_view line = taken;
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark)) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (line.empty()) {
    if (std::exchange(has_data_, false)) {
      events.push_back(
          {event_.type.empty() ? "message" : event_.type, event_.id, std::move(event_.data)});
    }
    event_.type.clear();
    event_.data.clear();
    return;
  }
  if (line.front() == ':') {
    ++comments_;
    return;
  }
  if (line.front() == '{') {
    events.push_back({"line", event_.id, std::string(line)});
    return;
  }
  const std::size_t colon = line.find(':');
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  const std::string_view name = line.substr(0, colon);
  if (name == "error") {
    events.push_back({"error", event_.id, std::string(value)});
  } else {
    take_field(name, value);
  }
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (event_.data.size() + value.size() + 1 > event_bytes_max_) {
      fail_too_large();
      return;
    }
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.type = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

void SseParser::fail_too_large() {
  line_.clear();
  event_ = {};
  has_data_ = false;
  error_ =
      Error{Kind::rejected, codes::event_too_large,
            "A server-sent event is larger than " + std::to_string(event_bytes_max_) + " bytes."};
}

}  // namespace lockstep
