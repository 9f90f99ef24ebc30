// SPDX-License-Identifier: Apache-2.0
// loop.h: virtual time.
//
// Everything in a simulation is an event of one loop, with a time and a name. The loop takes the
// earliest event; of two at the same time, the one that was posted first. So a seed gives one run,
// and `hash`, over the time and name of every event, proves it. A year passes as fast as its
// events.
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
  // Runs the next event; false if the loop has no event.
  bool step();

  [[nodiscard]] Micros now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  // Adds a fact to the trace, which must be the same in each run of a seed: a decision, a message.
  void trace(std::string_view what);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  // Called with each line of the trace; may be empty.
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
