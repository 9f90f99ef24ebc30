// SPDX-License-Identifier: Apache-2.0
// run_shares.h: how much memory the running runs of each user hold.
//
// While this process writes a run, its thread stays in memory, and its model holds its input and
// its output. The server can't free that memory for other users, so it counts the memory by user. A
// user whose runs hold their share can't start a run in a further thread until one has ended: the
// start is refused as `too_many`, and the other changes of its request still apply. A run counts
// from the append of its start. The engine does not end it for growing, so the last one may exceed
// the share by its own input and output. Runs that another process writes hold no memory between
// two steps, and don't count.
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
  // A user's share of all memory: a quarter is the database's, and one user may have half of the
  // rest. So the runs of other users have as much room.
  [[nodiscard]] static constexpr std::size_t share_of(std::size_t bytes_max) {
    constexpr std::size_t eighths = 8;
    return bytes_max / eighths * 3;
  }

  RunShares() = default;
  RunShares(const RunShares&) = delete;
  RunShares& operator=(const RunShares&) = delete;

  // About what a run keeps in memory: the path to its head, once in its thread and once as its
  // model's input. Other branches don't count, because that would cost a look at each message.
  // Requires: `state` is the state before `entry`, which starts the run. Takes time in proportion
  // to the path.
  [[nodiscard]] static std::size_t bytes_of(const ThreadState& state, const Entry& entry,
                                            const std::optional<MessageId>& head);

  // A run of this thread begins with this many bytes. The thread's former run, if any, has ended.
  void begins(ThreadNumber thread, const RunId& run, const UserId& user, std::size_t bytes);
  // The thread's run, if it is counted, holds this many bytes more.
  void grows(ThreadNumber thread, std::size_t bytes);
  // Ignores a run that is not counted.
  void ends(ThreadNumber thread, const RunId& run);
  [[nodiscard]] std::size_t held_by(const UserId& user) const;

 private:
  struct One {
    RunId run;
    UserId user;
    std::size_t bytes = 0;
  };
  std::unordered_map<ThreadNumber, One> runs_;
  // Of a user with counted runs, even if they hold no bytes.
  struct Held {
    std::size_t bytes = 0;
    std::size_t runs = 0;
  };
  std::unordered_map<UserId, Held> users_;
};

}  // namespace lockstep
