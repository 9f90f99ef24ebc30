// SPDX-License-Identifier: Apache-2.0
// metrics.h: the engine's counters.
//
// The engine counts, and the server shows the numbers (metrics_page.h). A histogram has fixed
// bounds in microseconds, so that adding a value costs a few compares and no memory.
//
// Lives on: the engine strand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "engine/rules/event.h"

namespace lockstep {

struct Histogram {
  // 50 us to 10 s, about three to a decade: a commit takes some 300 us on a good disk.
  static constexpr std::array<std::uint64_t, 16> bounds_us{
      50,     100,    200,     500,     1'000,   2'000,     5'000,     10'000,
      20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000, 5'000'000, 10'000'000};
  static_assert(std::ranges::is_sorted(bounds_us), "add takes the first bound that fits");
  std::array<std::uint64_t, bounds_us.size() + 1> counts{};
  std::uint64_t sum_us = 0;

  void add(std::uint64_t us) {
    std::size_t slot = 0;
    while (slot < bounds_us.size() && us > bounds_us[slot]) ++slot;
    ++counts[slot];
    sum_us += us;
  }
};

struct Metrics {
  std::uint64_t entries = 0;  // made durable
  std::uint64_t events = 0;
  std::uint64_t threads_to_mend = 0;  // now: see mending.h
  std::uint64_t steps = 0;
  std::uint64_t changes_applied = 0;
  std::uint64_t changes_refused = 0;
  std::uint64_t changes_duplicate = 0;
  std::uint64_t syncs = 0;
  std::uint64_t resets = 0;
  std::uint64_t runs_started = 0;
  std::map<std::pair<AgentName, RunStatus>, std::uint64_t> runs_ended;  // how, of each agent
  std::uint64_t entries_read_from_tail = 0;
  std::uint64_t entries_read_from_log = 0;
  std::uint64_t states_loaded = 0;
  std::uint64_t states_in_memory = 0;  // now
  std::uint64_t followers = 0;         // now
  std::uint64_t threads_quarantined = 0;
  std::uint64_t turn_entry_bytes = 0;  // the longest entry that was written on the strand
  std::uint64_t blobs_erased = 0;      // because no thread names them any more
  std::uint64_t blobs_swept = 0;       // of these: their time without a name was over
  Histogram append_us;                 // from decision to durable
};

}  // namespace lockstep
