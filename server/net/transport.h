// SPDX-License-Identifier: Apache-2.0
// transport.h: a connection as the protocol on it sees it, and a protocol as its connection sees
// it.
//
// Between the socket (connection.h, the only place that knows Asio) and what is spoken over it
// (http_session.h, ws_session.h) stand these two small interfaces. Bytes in are pushed; bytes out
// are pulled: a protocol says that it has something (`wake`), and is asked for it (`fill`) once the
// socket can take more. So there is never more than one write's worth of bytes per connection.
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

class Wire {
 public:
  virtual ~Wire() = default;
  // `fill` will be called, later, when the socket can take more.
  virtual void wake() = 0;
  // Close once all that `fill` gives has gone out.
  virtual void finish() = 0;
  // While off, nothing is read from the socket.
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
  // Appends what is to be sent now, about `limits::write_bytes_max` at most; nothing: until `wake`.
  virtual void fill(std::string& out) = 0;
  // Once a second: time-outs, pings, comments.
  virtual void tick(Tick now) = 0;
  // Other tokens count from now on: what was opened with one that is gone ends.
  virtual void tokens_changed() = 0;
  // The server stops: say good-bye and `finish`.
  virtual void shut_down() = 0;
  // What goes on with this connection once all that this one gave has gone out; it is then
  // destroyed.
  [[nodiscard]] virtual std::unique_ptr<Protocol> successor() { return nullptr; }
};

}  // namespace lockstep
