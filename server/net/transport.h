// SPDX-License-Identifier: Apache-2.0
// transport.h: the two interfaces between a connection and the protocol on it.
//
// They keep the socket (connection.h) apart from the protocols (http_session.h, ws_session.h),
// which know no Asio. The connection pushes incoming bytes and pulls outgoing ones (backpressure):
// a protocol calls `wake` when it has bytes, and the connection calls `fill` when the socket can
// take more. So a connection holds about one write of outgoing bytes.
//
// Lives on: the engine strand.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace lockstep {

// Seconds of a clock that only goes forward; the server ticks once a second.
using Tick = std::chrono::seconds;

class Transport {
 public:
  virtual ~Transport() = default;
  // Asks for a call of `fill`, in a later turn, when the socket can take more.
  virtual void wake() = 0;
  // Close after everything that `fill` gives is out.
  virtual void finish() = 0;
  // While off, the connection does not read from the socket.
  virtual void read(bool on) = 0;
  [[nodiscard]] virtual const std::string& address() const = 0;
  [[nodiscard]] virtual Tick now() const = 0;
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void received(std::string_view bytes) = 0;
  // The other side sends nothing more; it may still read.
  virtual void input_ended() = 0;
  // Appends the next bytes, about `limits::write_bytes_max` at most. If it appends nothing, the
  // connection asks again only after `wake`.
  virtual void fill(std::string& out) = 0;
  // Once a second: time-outs, pings, comments.
  virtual void tick(Tick now) = 0;
  // The token file changed: end all streams that were opened with a revoked token.
  virtual void tokens_changed() = 0;
  // The server stops: send the last frames and call `finish`.
  virtual void shut_down() = 0;
  // The protocol that takes over the connection (after an upgrade). The connection asks after each
  // `fill`, and then destroys this one; the bytes of that `fill` still go out first.
  [[nodiscard]] virtual std::unique_ptr<Protocol> successor() { return nullptr; }
};

}  // namespace lockstep
