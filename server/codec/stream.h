// SPDX-License-Identifier: Apache-2.0
// stream.h: frames, sent as events become durable, in the form that the front asked for.
//
// A stream makes its next frames when its owner can write. The owner is an HTTP answer, with one
// stream, or a WebSocket, with many.
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

// An SSE comment: readers ignore it, and it keeps the connection from being silent.
constexpr std::string_view sse_comment = ":\n\n";

// How a stream's frames are wrapped.
struct Framing {
  Form form = Form::sse;
  std::string id;  // of the request, on a WebSocket

  // `cursor`: the reader's cursor after this frame; empty if the frame does not move it.
  void append(std::string& out, std::string_view frame, std::string_view cursor) const;
};

class Stream;

class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // The stream has frames. Called from within the engine: must not call it back.
  virtual void woken(Stream& stream) = 0;
};

class Stream {
 public:
  enum class Filled : std::uint8_t { waiting, more, finished };

  virtual ~Stream() = default;
  virtual void attach(StreamOwner& owner) = 0;
  // Appends about `bytes_max` at most. `waiting`: the stream has no frames until it calls `woken`.
  virtual Filled fill(std::string& out, std::size_t bytes_max) = 0;
  // Ends with reason `shutdown` after all durable entries are out.
  virtual void shut_down() = 0;
};

}  // namespace lockstep
