// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/plan.h"

#include <algorithm>
#include <array>

#include "tests/sim/chance.h"

namespace lockstep::sim {
namespace {

// The frequency of each kind, compared with the others.
constexpr std::array<std::uint64_t, act_kind_count> weights{
    44, 12, 5, 24, 5, 4, 22, 16, 3, 2,  // users
    1,  6,  6, 4,  4,                   // crowds, drawers, readers, and others
    4,  2,  2, 2,                       // devices
    6,                                  // producers
    4,  3,  2,                          // network
    4,  4,  6, 3,  3, 2, 4,  1,  2, 2,  // the server
};
constexpr std::size_t first_fault = static_cast<std::size_t>(ActKind::erase_thread);

}  // namespace

const char* name_of(ActKind kind) {
  constexpr const char* names[] = {"ask",
                                   "edit",
                                   "delete a message",
                                   "stop",
                                   "move the head",
                                   "rename",
                                   "answer a call",
                                   "decide about a call",
                                   "many changes",
                                   "delete a thread",
                                   "crowd",
                                   "drawer",
                                   "look",
                                   "trespass",
                                   "meddle",
                                   "device off",
                                   "device stalls",
                                   "device from a copy",
                                   "device damaged",
                                   "producer away",
                                   "bad weather",
                                   "good weather",
                                   "slow weather",
                                   "kill",
                                   "power cut",
                                   "die at a point",
                                   "disk fault",
                                   "slow disk",
                                   "lying disk",
                                   "clock jump",
                                   "graceful stop",
                                   "backup",
                                   "restore"};
  static_assert(std::size(names) == act_kind_count);
  return names[static_cast<std::size_t>(kind)];
}

std::vector<Act> make_plan(std::uint64_t seed) {
  Chance chance(seed, 6);
  std::array<std::uint64_t, act_kind_count> often = weights;
  for (std::size_t kind = first_fault; kind < act_kind_count; ++kind) {
    if (chance.one_in(2)) often[kind] = 0;
  }
  const std::uint64_t pace = chance.one_in(3) ? 4'000'000 : chance.one_in(2) ? 600'000 : 60'000;
  std::vector<Act> acts;
  Micros at{0};
  for (std::uint64_t left = chance.between(12, 48); left > 0; --left) {
    at += Micros(chance.long_tailed(pace));
    std::uint64_t total = 0;
    for (const std::uint64_t weight : often) total += weight;
    std::uint64_t dice = chance.upto(total);
    std::size_t kind = 0;
    while (dice >= often[kind]) dice -= often[kind++];
    acts.push_back({at, static_cast<ActKind>(kind), chance.next()});
  }
  return acts;
}

}  // namespace lockstep::sim
