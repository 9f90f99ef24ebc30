// SPDX-License-Identifier: Apache-2.0
// memory.h: a device's memory, and how it follows the protocol.
//
// The device itself (device.h) is only a user and a connection; this interface holds all that the
// protocol asks of a front. It has two implementations: `ScreenMemory` uses the engine's own types
// and tests/laws/front.h; `WireMemory` speaks JSON and is written from docs/protocol.md alone. Both
// are compared with the truth after every frame.
#pragma once

#include <memory>
#include <string>

#include "tests/sim/line.h"

namespace lockstep::sim {

struct Taken {
  std::string wrong;       // describes the contradiction; empty: all fits
  bool sync_anew = false;  // it has missed something
  bool ended = false;      // the stream is over
  bool deleted = false;    // the thread is
};

class Memory {
 public:
  using What = decltype(Change::what);
  virtual ~Memory() = default;

  // The user does something; the change waits, with the state that the user saw, for its answer.
  virtual void change(What what) = 0;
  [[nodiscard]] virtual std::size_t unanswered() const = 0;
  struct Asking {
    bool changes = false;  // the first unanswered ones, unchanged
    bool digest = false;
    bool if_head = false;  // the head of its copy
  };
  // Until changes are answered or lost no other request may carry changes.
  [[nodiscard]] virtual SyncRequest request(const Asking& asking) = 0;
  // The request was sent on this line; its answer comes there, or it is lost.
  virtual void sent(std::uint64_t line) = 0;
  virtual void lost(std::uint64_t line) = 0;
  virtual Taken take(std::uint64_t line, const Frame& frame) = 0;
  [[nodiscard]] virtual std::optional<Cursor> cursor() const = 0;
  // The user's screen. Requires: the judge still has the truth at its cursor.
  [[nodiscard]] virtual const Screen& screen() = 0;
  // Does it apply the frames of streams, or only the answers to its requests?
  [[nodiscard]] virtual bool follows() const { return true; }
  virtual void check(Judge& judge) = 0;
  // Returns to the saved copy, like a page that a browser restores from an old copy.
  virtual void save() = 0;
  virtual void go_back() = 0;
  // Damages its copy on the path to the head; false if the path is empty. Its next request has the
  // digest.
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
