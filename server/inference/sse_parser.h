// SPDX-License-Identifier: Apache-2.0
// sse_parser.h: bytes to server-sent events.
//
// Pure and incremental: bytes go in as they come from a socket, cut anywhere (inside a line end,
// inside a character), and events come out. The result does not depend on where the bytes were cut;
// this law is fuzzed. Lines end with \n, \r\n or \r; a byte order mark at the very beginning is
// skipped; a line that starts with `:` is a comment; several `data:` lines of an event are joined
// by \n. `retry:` and unknown fields are ignored. Data is handed on as bytes: whoever reads it
// checks its UTF-8.
//
// An event is bounded. Once the bound is crossed the parser has failed for good, and says so by
// name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace lockstep {

struct ServerSentEvent {
  std::string type;  // "message" unless named
  std::string id;    // the last one that was named
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
  // what they left open is handed on as if it were whole, and whoever reads the data sees whether
  // it is.
  [[nodiscard]] std::optional<ServerSentEvent> finish();

  // `event_too_large`, once it has happened.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  // Comments seen so far: a server that has nothing to say yet keeps the connection alive with
  // them.
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
