// SPDX-License-Identifier: Apache-2.0
// run_shares.h: what the running runs of each user hold.
//
// A thread whose run is written by this process stays in memory until the run has ended, and its
// model holds what it was given and has written. Nothing of that can be given up for others. So it
// is counted by the user whose thread it is. A user whose runs hold their share of memory starts no
// run in a further thread until one has ended: the start is refused as `too_many`, and the other
// changes of its request stand. A run is counted from when its start goes to the log; it goes on,
// so the last one can exceed the share by what it holds and writes. Runs that are written from
// outside hold nothing between two steps, and are not counted.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "engine/base/ids.h"
#include "engine/rules/event.h"
#include "engine/rules/state.h"

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

  // What a run keeps in memory, about: the path to its head, in its thread and as its model is
  // given it. Other branches are not counted, because that would cost a look at each message.
  // `state` is before the entry that starts it. Work: as long as the path.
  [[nodiscard]] static std::size_t bytes_of(const ThreadState& state, const Entry& entry,
                                            const std::optional<MessageId>& head);

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
  // Of a user who has runs, however little these hold.
  struct Held {
    std::size_t bytes = 0;
    std::size_t runs = 0;
  };
  std::unordered_map<UserId, Held> users_;
};

}  // namespace lockstep
