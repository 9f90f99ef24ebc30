// SPDX-License-Identifier: Apache-2.0
// plan.h: the acts of a seed, and their times.
//
// A plan is a list of acts at virtual times: the acts of users, and faults. Each act has its own
// random numbers, so a plan without it leaves the others unchanged: a failing seed shrinks by
// leaving out acts until each one is needed.
//
// A seed does not do everything: each leaves out some kinds of acts and repeats others often, so
// that rare cases get enough room.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/loop.h"

namespace lockstep::sim {

enum class ActKind : std::uint8_t {
  // users
  ask,
  edit,
  erase_message,
  stop,
  move_head,
  rename,
  answer_call,
  decide_call,
  burst,
  erase_thread,
  crowd,     // more starts than may wait
  drawer,    // threads without followers, made and deleted
  look,      // at the past
  trespass,  // at another user's thread
  meddle,    // with a model's run
  // devices
  device_off,
  device_stalls,
  device_from_copy,
  device_damaged,
  // producers
  producer_away,
  // network
  bad_weather,
  good_weather,
  slow_weather,
  // the server and its disk
  kill,
  power_cut,
  die_at_point,
  disk_fault,
  slow_disk,
  lying_disk,
  clock_jump,
  graceful_stop,
  backup,
  restore,
};
inline constexpr std::size_t act_kind_count = 33;
[[nodiscard]] const char* name_of(ActKind kind);

struct Act {
  Micros at;
  ActKind kind;
  std::uint64_t seed;
};

// In order of time.
[[nodiscard]] std::vector<Act> make_plan(std::uint64_t seed);

}  // namespace lockstep::sim
