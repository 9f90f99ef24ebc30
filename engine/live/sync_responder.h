// SPDX-License-Identifier: Apache-2.0
// sync_responder.h: the two sides of a sync that are not decisions.
//
// `gate` comes before a request's changes are tried: is the thread this user's, is the cursor of
// this history, does the front hold what it thinks it holds? If not, it gets an error or a reset,
// and nothing was tried. `reply` comes after they are durable: what the front lacks, from its
// cursor to now. Neither changes anything, and nothing of a front is kept between its requests: its
// cursor says all.
//
// Lives on: the engine strand.
#pragma once

#include <optional>
#include <vector>

#include "engine/live/history.h"
#include "engine/live/metrics.h"
#include "engine/live/states.h"
#include "engine/live/sync.h"
#include "engine/rules/decide.h"
#include "engine/rules/step.h"

namespace lockstep {

class Session {
 public:
  Session(const History& history, const Rules& rules, Metrics& metrics);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The answer to a request whose changes are not to be tried; nothing if they are.
  [[nodiscard]] std::optional<Result<SyncReply>> gate(LiveThread& thread,
                                                      const SyncRequest& request) const;
  // What `decide` needs to know of the time before now.
  [[nodiscard]] Result<Pasts> pasts(const LiveThread& thread, const ChangeRequest& request) const;
  [[nodiscard]] Result<SyncReply> reply(LiveThread& thread, const SyncRequest& request,
                                        std::vector<Outcome> outcomes) const;

 private:
  [[nodiscard]] Result<SyncReply> reset(LiveThread& thread, const SyncRequest& request,
                                        Reset reset) const;
  [[nodiscard]] SyncReply reply_of(LiveThread& thread, const SyncRequest& request, Diff diff) const;

  const History& history_;
  const Rules& rules_;
  Metrics& metrics_;
};

// The engine's rules, and what this thread has kept of earlier epochs.
[[nodiscard]] Rules rules_of(const Rules& rules, const LiveThread& thread);

// Is the cursor of the history of a thread that ends at `now`? `unknown_history` or `rewound` if
// not. Requires: the rules are the thread's.
[[nodiscard]] Result<void> check_cursor(const Cursor& cursor, Timestamp now, const Rules& rules);

}  // namespace lockstep
