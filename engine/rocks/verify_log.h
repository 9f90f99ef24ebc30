// SPDX-License-Identifier: Apache-2.0
// verify_log.h: the walk over the whole log that `lockstep verify` makes.
//
// It checks every row's key and checksum, every thread's chain from entry to entry, and that every
// commit number from 1 to the last has one entry, or is in the tail's count of numbers without an
// entry. It does not read the bodies: the caller may look into each.
//
// A walk next to a running server ignores commits after its begin.
//
// Lives on: any one thread; reads only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/rocks/kv.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/store/log.h"

namespace lockstep {

struct LogProblem {
  LogKey where;  // thread 0: of the log as a whole
  std::string what;
};

struct LogVerification {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;           // of bodies
  CommitNumber last;                 // the tail's
  std::uint64_t without = 0;         // numbers without an entry, by the tail
  std::vector<LogProblem> problems;  // at most `limits::problems_max`
  bool more_problems = false;
};

struct LogVisitor {
  // Checks one entry and describes its fault; nullopt if it is good. `previous` is the
  // entry before it in its thread. May be empty.
  std::function<std::optional<std::string>(ThreadNumber thread, const StoredEntry& entry,
                                           Timestamp previous)>
      entry;
  // Called now and then with the number of entries so far. May be empty.
  std::function<void(std::uint64_t entries)> progress;
};

// Returns the faults of the log. Fails only if the disk can't be read, or with `corrupt` if
// the tail record is damaged.
[[nodiscard]] Result<LogVerification> verify_log(const Kv& kv, const LogVisitor& visitor);

}  // namespace lockstep
