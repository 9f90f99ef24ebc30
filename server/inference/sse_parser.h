// SPDX-License-Identifier: Apache-2.0
// sse_parser.h: parses server-sent events from bytes.
//
// Pure and incremental: bytes go in as they come from a socket, split anywhere (inside a line end,
// inside a character), and events come out. The result does not depend on the splits; a fuzz target
// checks this law. Lines end with \n, \r\n or \r. The parser skips a byte order mark at the very
// beginning. A line that starts with `:` is a comment. It joins several `data:` lines of an event
// by \n, and ignores `retry:` and unknown fields. Data are bytes: their reader checks the UTF-8.
//
// Two lines that model servers send are no part of the standard, and are events by themselves, at
// once and apart from the event around them: `error: ...`, with the type `error`, and a line that
// begins with `{`, which no field does, with the type `line`. A server that fails in mid-stream
// writes its error so.
//
// An event has a limit. Beyond it the parser fails for good, with a named error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace lockstep {

struct ServerSentEvent {
  std::string type;  // "message" by default; "line": a line of JSON without a field
  std::string id;    // the last id in the stream so far
  std::string data;
  friend bool operator==(const ServerSentEvent&, const ServerSentEvent&) = default;
};

class SseParser {
 public:
  // `event_bytes_max` bounds one line, and one event's data.
  explicit SseParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // The events that these bytes complete. After an error there are none.
  [[nodiscard]] std::vector<ServerSentEvent> feed(std::string_view bytes);

  // The stream has ended. Some servers leave out the last empty line, or even the last line end:
  // this returns such an open event as if it were whole, and the caller must check its data.
  [[nodiscard]] std::vector<ServerSentEvent> finish();

  // `event_too_large`, after an event exceeded the limit.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  // Comments so far: a server keeps the connection alive with them while it has no data.
  [[nodiscard]] std::size_t comments() const { return comments_; }

 private:
  void take_line(std::vector<ServerSentEvent>& events);
  void take_field(std::string_view name, std::string_view value);
  void fail_too_large();

  std::size_t event_bytes_max_;
  std::string line_;
  ServerSentEvent event_;
  bool has_data_ = false;
  bool first_line_ = true;
  bool after_return_ = false;  // a \n right after a \r belongs to the same line end
  std::size_t comments_ = 0;
  std::optional<Error> error_;
};

}  // namespace lockstep
