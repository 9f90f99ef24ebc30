// SPDX-License-Identifier: Apache-2.0
// run.h: the life of a run.
//
//   queued ──> running ──> completed | failed | interrupted      by its producer, a crash
//     │           └──────> stopped | superseded                  by a front
//     └─────────────────> stopped | interrupted | superseded
//
// One run runs at a time. When it has ended well, or by a front, the next that waits starts in the
// same entry; when it failed or was interrupted, those that wait end `interrupted`, with their
// input kept.
//
// A stop cuts the run's messages to what its user saw. What is left is a history that a model can
// be given: a tool call that was not wholly seen goes, and one that was gets a result.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/draft.h"
#include "engine/rules/past.h"

namespace lockstep {

// What the user of a front saw: State(at), less what `shown` says was not shown. Without a past it
// is the state as the request found it.
struct Sight {
  Timestamp at;
  const Past* past = nullptr;
  std::span<const Shown> shown;
};

// What a stop leaves of one message.
struct Cut {
  std::uint32_t number = 0;  // of the message
  std::vector<Units> keep;
  bool shortens = false;
  bool put_anew = false;  // since it was seen: what was seen can't be told any more
};
[[nodiscard]] std::vector<Cut> cuts_as_seen(const Draft& draft, const RunRow& run,
                                            const Sight& sight);

// The first of `cuts` that another run was given more of since, or that was put anew; null if none.
[[nodiscard]] const Cut* built_upon(const ThreadState& state, const RunRow& run,
                                    std::span<const Cut> cuts, const Sight& sight);

// Ends the running run; its messages are cut as seen.
void stop_as_seen(Draft& draft, const Sight& sight, RunStatus status);
// Ends the running run; its messages are cut to nothing.
void roll_back(Draft& draft);
// Cuts the messages of a run that has ended.
void cut_ended(Draft& draft, const RunRow& run, std::span<const Cut> cuts);
// Ends the running run as its producer or a crash does: everything written is kept.
void end_run(Draft& draft, RunEnded end);

// Puts a new message into the tree; the first one of a user gives the thread its title.
void put_new(Draft& draft, Message message);
// Moves the head if it is another.
void move_head(Draft& draft, const std::optional<MessageId>& head);

// Where a run or message with this place goes now.
[[nodiscard]] std::optional<MessageId> resolve(const ThreadState& state, const Place& place);
// Starts a run that waits: its input enters the tree.
void start(Draft& draft, std::uint32_t run);
// Starts the next run, if none is running.
void start_next(Draft& draft);
// Why there is no room for this start; null: there is. It waits, or takes the place of another, in
// a thread in which one runs; else it needs room beside its user's others, unless it is written
// from outside.
[[nodiscard]] const char* no_room(const Draft& draft, const StartRun& start);
// Ends all that wait.
void interrupt_waiting(Draft& draft);

}  // namespace lockstep
