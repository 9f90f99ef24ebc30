// SPDX-License-Identifier: Apache-2.0
// body_sink.h: takes the body of a request while it arrives.
//
// Most handlers get a whole body, which is in memory (Route::Body::json). A body that may be large
// goes piece by piece into a sink, which writes it to the disk on another thread. The session asks
// the sink how much it holds, and does not read its socket while that is too much (backpressure).
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <string>

namespace lockstep {

// It answers its request once: in a later turn than the call that it is in. If it answers before
// the body is whole, the connection closes after the answer. Destroyed early: the client has gone,
// or the session has refused the rest.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // The next bytes of the body.
  virtual void take(std::string bytes) = 0;
  // The body is whole.
  virtual void end() = 0;
  // Bytes that were taken and are not written yet.
  [[nodiscard]] virtual std::size_t held() const = 0;
};

}  // namespace lockstep
