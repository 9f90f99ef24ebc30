// SPDX-License-Identifier: Apache-2.0
// loop.h: virtual time.
//
// Everything that happens in a simulation is an event of one loop: at a time, with a name. The
// earliest is taken, of two at one time the one that was asked for first; so a seed is one run, and
// `hash`, taken over every event's time and name, is the proof. A year passes as fast as its events
// do.
//
// Lives on: the simulation's one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::sim {

using Micros = std::chrono::microseconds;

class Loop {
 public:
  using Task = std::move_only_function<void()>;

  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // `what` must outlive the loop: a literal.
  void after(Micros delay, const char* what, Task task);
  // The next event; false if there is none.
  bool step();

  [[nodiscard]] Micros now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  // More that makes one run another: what was decided, what was sent.
  void trace(std::string_view what);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  // Called with each line of the trace, if somebody wants to read it.
  std::function<void(Micros, std::string_view)> on_trace;

 private:
  void mix(std::uint64_t value);

  std::map<std::pair<Micros, std::uint64_t>, std::pair<const char*, Task>> waiting_;
  Micros now_{0};
  std::uint64_t asked_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace lockstep::sim
