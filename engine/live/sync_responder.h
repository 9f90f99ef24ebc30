// SPDX-License-Identifier: Apache-2.0
// sync_responder.h: the checks before a sync's changes, and the reply after them.
//
// `gate` runs before the lane decides a request's changes: does the thread belong to this user, is
// the cursor of this history, does the front's digest match? If not, the front gets an error or a
// reset, and its changes are not tried. `reply` runs when the changes are durable: it makes the
// diff from the front's cursor to now. Neither changes the thread, and the server keeps no state of
// a front between its requests: the cursor is enough.
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

class SyncResponder {
 public:
  SyncResponder(const History& history, const Rules& rules, Metrics& metrics);
  SyncResponder(const SyncResponder&) = delete;
  SyncResponder& operator=(const SyncResponder&) = delete;

  // The answer, if the changes must not be tried; else nothing.
  [[nodiscard]] std::optional<Result<SyncReply>> gate(LiveThread& thread,
                                                      const SyncRequest& request) const;
  // The pasts that `decide` needs for this request.
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

// The engine's rules, with the earlier epochs of this thread.
[[nodiscard]] Rules rules_of(const Rules& rules, const LiveThread& thread);

// Fails with `unknown_history` or `rewound` if the cursor is not of the history of a thread that
// ends at `now`. Requires: the rules are the thread's (`rules_of`).
[[nodiscard]] Result<void> check_cursor(const Cursor& cursor, Timestamp now, const Rules& rules);

}  // namespace lockstep
