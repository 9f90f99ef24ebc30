// SPDX-License-Identifier: Apache-2.0
// run_shares.h: what the running runs of each user hold.
//
// A thread whose run is written by this process stays in memory until the run has ended, and its
// model holds what it was given and has written. Nothing of that can be given up for others. So it
// is counted by the user whose thread it is, and who holds a share of all memory so starts no
// further run: `overloaded`, until one has ended. A run that was started goes on, so the share can
// be exceeded by what the last one holds and writes. Runs that are written from outside hold
// nothing between two steps, and are not counted.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "engine/ids.h"

namespace lockstep {

class RunShares {
 public:
  // Of all memory: a quarter is the database's, and of the rest one user has half. So somebody
  // else's runs have as much room as theirs.
  [[nodiscard]] static constexpr std::size_t share_of(std::size_t bytes_max) {
    constexpr std::size_t eighths = 8;
    return bytes_max / eighths * 3;
  }

  RunShares() = default;
  RunShares(const RunShares&) = delete;
  RunShares& operator=(const RunShares&) = delete;

  // A run of this thread begins, and holds so many bytes. One runs at a time: a former one is over.
  void begins(ThreadNumber thread, const RunId& run, const UserId& user, std::size_t bytes);
  // The thread's run, if there is one here, holds so many more.
  void grows(ThreadNumber thread, std::size_t bytes);
  // Passes over a run that has not begun here.
  void ends(ThreadNumber thread, const RunId& run);
  [[nodiscard]] std::size_t held_by(const UserId& user) const;

 private:
  struct One {
    RunId run;
    UserId user;
    std::size_t bytes = 0;
  };
  std::unordered_map<ThreadNumber, One> runs_;
  std::unordered_map<UserId, std::size_t> users_;  // who hold something
};

}  // namespace lockstep
