// SPDX-License-Identifier: Apache-2.0
// stream.h: frames that come as they become true, in the form that the front asked for.
//
// A stream knows what to say next, and says it when its owner can write. The owner is an HTTP
// answer, with one stream, or a WebSocket, with many.
//
//   SSE        id: CURSOR            NDJSON   FRAME           WebSocket   a text message each, with
//              data: FRAME                                                `"id":ID,` put in front
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

enum class Form : std::uint8_t { sse, lines, socket, json };

// How a stream's frames are wrapped.
struct Framing {
  Form form = Form::sse;
  std::string id;  // of the request, on a WebSocket

  // `cursor`: what the frame brings its reader to, if it brings them anywhere.
  void append(std::string& out, std::string_view frame, std::string_view cursor) const;
};

class Stream;

class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // The stream has something to say. Called from within the engine: must not call back.
  virtual void woken(Stream& stream) = 0;
};

class Stream {
 public:
  enum class Filled : std::uint8_t { waiting, more, finished };

  virtual ~Stream() = default;
  virtual void attach(StreamOwner& owner) = 0;
  // Appends about `bytes_max` at most. `waiting`: all is said until it wakes.
  virtual Filled fill(std::string& out, std::size_t bytes_max) = 0;
  // Ends, with `shutdown`, once all that is durable is said.
  virtual void shut_down() = 0;
};

}  // namespace lockstep
