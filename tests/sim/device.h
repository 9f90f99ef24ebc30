// SPDX-License-Identifier: Apache-2.0
// device.h: a user with a screen, behind a network.
//
// It keeps one line open to follow the thread, and one to send its user's changes. When a line
// breaks, it tries again, a little later each time. It can be offline for long while its user goes
// on, stop reading, and come back from an old copy of itself. Its memory (memory.h) decides how it
// folds and what it sends.
//
// Lives on: the simulation's one thread.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "tests/sim/memory.h"

namespace lockstep::sim {

class Device : public LineEnd {
 public:
  Device(Network& network, DeviceIs is, std::unique_ptr<Memory> memory, std::uint64_t seed);
  ~Device() override;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // --- Acts of its user
  void say(Memory::What what);
  void switch_off(Micros how_long);
  void stop_reading(Micros how_long);
  void come_back_from_a_copy();
  void damage_copy();
  void erase_thread();

  // The server has answered every change, and the device follows.
  [[nodiscard]] bool settled() const;
  // Describes what the device waits for, for the log of a failed run.
  [[nodiscard]] std::string standing() const;
  [[nodiscard]] bool online() const { return online_; }
  [[nodiscard]] bool deleted() const { return deleted_; }
  [[nodiscard]] const DeviceIs& is() const { return is_; }
  [[nodiscard]] Memory& memory() { return *memory_; }
  // From now on it follows for ever, so that it comes to rest.
  void stay();

  // --- Events from the network
  void receive(std::uint64_t line, const Frame& frame) override;
  void lost(std::uint64_t line) override;

 private:
  [[nodiscard]] bool forget(std::uint64_t line);
  void go_on();
  void go_on_later(std::uint64_t micros);
  void ask(bool with_changes);

  Network& network_;
  DeviceIs is_;
  std::unique_ptr<Memory> memory_;
  Chance chance_;
  bool online_ = true;
  bool reads_ = true;
  bool deleted_ = false;
  bool stays_ = false;
  bool waiting_ = false;  // to go on
  std::uint64_t failures_ = 0;
  std::uint64_t following_ = 0;  // the line, 0: none
  std::uint64_t saying_ = 0;
  std::set<std::uint64_t> answered_;  // lines that got their outcomes and still stream
  bool absent_ = false;               // the server does not have the thread
  bool followed_ = false;             // the line that follows has had its diff
  bool sync_next_ = false;            // the server asked for it
};

}  // namespace lockstep::sim
