// SPDX-License-Identifier: Apache-2.0
// plan.h: what a seed makes happen, and when.
//
// A plan is a list of acts at virtual times: what users do, and what breaks. Each act has dice of
// its own, so that any of them can be left out and the others stay what they are: a failing seed
// shrinks by leaving out acts until none can be spared.
//
// Not every seed does everything: some kinds of acts are left out of each, others come often, so
// that rare things get rooms of their own.
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
  burst,
  erase_thread,
  crowd,     // more starts than may wait
  drawer,    // threads that nobody follows, made and deleted
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
inline constexpr std::size_t act_kind_count = 31;
[[nodiscard]] const char* name_of(ActKind kind);

struct Act {
  Micros at;
  ActKind kind;
  std::uint64_t seed;
};

// In order of time.
[[nodiscard]] std::vector<Act> make_plan(std::uint64_t seed);

}  // namespace lockstep::sim
