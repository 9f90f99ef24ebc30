// SPDX-License-Identifier: Apache-2.0
// actions.h: the actions that are possible in a world.
//
// An action is a small value without randomness: the world before it and the action give the world
// after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/explore/world.h"

namespace lockstep::explore {

enum class Kind : std::uint8_t {
  // A front's request arrives. Its user pressed the button at any time after seeing that state.
  starts_queued,
  starts_interrupting,
  starts_unless_busy,
  stops_and_starts,  // both in one request, the start only if the stop is taken
  stops,
  stops_less_shown,  // its user was shown a unit less than the front held
  stops_what_ran,    // names no run
  puts_reply,
  puts_question,
  // The producer's next step arrives; a batch has two if its first was lost on its way.
  opens_message,
  appends_token,
  ends_message,
  completes_run,
  fails_run,
  crash,
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::crash) + 1;

struct Action {
  Kind kind = Kind::crash;
  std::uint8_t front = 0;  // the front that sent the request
  std::uint8_t run = 0;    // that it is about
  std::uint8_t back = 0;   // its user saw the state so many entries before now
  bool two_steps = false;  // the batch
  friend bool operator==(const Action&, const Action&) = default;
};

[[nodiscard]] const char* name_of(Kind kind);
[[nodiscard]] bool is_producers(Kind kind);
// As a person reads it.
[[nodiscard]] std::string describe(const Action& action);

[[nodiscard]] std::vector<Action> possible(const World& world, const Bounds& bounds);

}  // namespace lockstep::explore
