// SPDX-License-Identifier: Apache-2.0
// memory.h: what a device remembers, and how it follows the protocol.
//
// The device itself (device.h) is only a user and a connection; all that the protocol asks of a
// front is behind this interface. There are two: `ScreenMemory` holds the engine's own words and is
// written with tests/laws/front.h; `WireMemory` speaks JSON and was written from the protocol's
// page alone. Both are compared with the truth after every frame.
#pragma once

#include <memory>
#include <string>

#include "tests/sim/line.h"

namespace lockstep::sim {

struct Taken {
  std::string wrong;       // what does not fit, in words
  bool sync_anew = false;  // it has missed something
  bool ended = false;      // the stream is over
  bool deleted = false;    // the thread is
};

class Memory {
 public:
  using What = decltype(Change::what);
  virtual ~Memory() = default;

  // The user does something; it waits with what was seen until it is answered.
  virtual void change(What what) = 0;
  [[nodiscard]] virtual std::size_t unanswered() const = 0;
  struct Asking {
    bool changes = false;  // the first that are unanswered, as they were said
    bool digest = false;
    bool if_head = false;  // what it holds as the head
  };
  // Until changes are answered or lost no other request may carry changes.
  [[nodiscard]] virtual SyncRequest request(const Asking& asking) = 0;
  // The request has gone out on this line; its answer comes there, or it is lost.
  virtual void sent(std::uint64_t line) = 0;
  virtual void lost(std::uint64_t line) = 0;
  virtual Taken take(std::uint64_t line, const Frame& frame) = 0;
  [[nodiscard]] virtual std::optional<Cursor> cursor() const = 0;
  // What the user sees. Requires: the truth of its cursor is kept.
  [[nodiscard]] virtual const Screen& screen() = 0;
  // Does it hold what streams tell, or only what it asks for?
  [[nodiscard]] virtual bool follows() const { return true; }
  virtual void check(Judge& judge) = 0;
  // Goes back to what was saved, as a page does that was restored from an old copy.
  virtual void save() = 0;
  virtual void go_back() = 0;
  // Its copy is damaged where its head's path lies: false if it can't be. What it asks next brings
  // the digest.
  virtual bool damage() { return false; }
  [[nodiscard]] virtual bool damaged() const { return false; }
  // The next change takes the number of an earlier one.
  virtual void repeat_number() {}
  // The number of its last change.
  [[nodiscard]] virtual Op last_op() const = 0;
};

struct DeviceIs {
  ThreadName thread;
  UserId user;
  DeviceId device;
  std::optional<std::uint32_t> window = std::nullopt;
};

[[nodiscard]] std::unique_ptr<Memory> make_screen_memory(DeviceIs is);
[[nodiscard]] std::unique_ptr<Memory> make_wire_memory(DeviceIs is, Judge& judge);

}  // namespace lockstep::sim
