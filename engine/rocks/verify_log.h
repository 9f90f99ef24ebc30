// SPDX-License-Identifier: Apache-2.0
// verify_log.h: the walk over the whole log.
//
// Every row's key and checksum, every thread's chain from entry to entry, and every commit number
// from 1 to the last: each is there once, or is accounted for by the tail's count of numbers
// without an entry. What the bodies say is not the log's business: the caller may look into each.
//
// A walk beside a running server leaves out what came after it began.
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
  // Looks into one entry: says what is wrong with it, if anything. `previous` is the entry before
  // it in its thread. May be empty.
  std::function<std::optional<std::string>(ThreadNumber thread, const StoredEntry& entry,
                                           Timestamp previous)>
      entry;
  // How many entries were read so far; called now and then. May be empty.
  std::function<void(std::uint64_t entries)> progress;
};

// Fails only if the disk can't be read at all; what is wrong with the log is in the answer.
[[nodiscard]] Result<LogVerification> verify_log(const Kv& kv, const LogVisitor& visitor);

}  // namespace lockstep
