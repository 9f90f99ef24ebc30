// SPDX-License-Identifier: Apache-2.0
// run.h: the life of a run.
//
//   queued ──> running ──> completed | failed | interrupted      by its producer, a crash
//     │           └──────> stopped | superseded                  by a front
//     └─────────────────> stopped | interrupted | superseded | failed   before it starts
//
// A thread has at most one running run. If it completes, or a front ends it, the next queued run
// starts in the same entry. If it fails or is interrupted, the queued runs end `interrupted` and
// keep their input.
//
// A stop cuts the run's messages to what the user saw. The rest must be a history that models
// accept: a tool call that was only partly seen is dropped, and a wholly seen one gets a result.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/draft.h"
#include "engine/rules/past.h"

namespace lockstep {

// The view of a front's user: State(at), but of the parts in `shown` only that much. Without a
// past: the state as the request found it.
struct Sight {
  Timestamp at;
  const Past* past = nullptr;
  std::span<const Shown> shown;
};

// The rest of one message after a stop.
struct CutPlan {
  std::uint32_t number = 0;  // of the message
  std::vector<Units> keep;
  bool shortens = false;
  bool put_anew = false;  // replaced since it was seen, so the text that was seen is gone
};
[[nodiscard]] std::vector<CutPlan> cuts_as_seen(const Draft& draft, const RunState& run,
                                                const Sight& sight);

// The first of `cuts` that would take text from another run's context, or whose message was
// replaced since; null if there is none.
[[nodiscard]] const CutPlan* built_upon(const ThreadState& state, const RunState& run,
                                        std::span<const CutPlan> cuts, const Sight& sight);

// Ends the running run, and cuts its messages to the text that the user saw.
void stop_as_seen(Draft& draft, const Sight& sight, RunStatus status);
// Ends the running run, and cuts its messages to nothing.
void roll_back(Draft& draft);
// Cuts the messages of a run that has ended.
void cut_ended(Draft& draft, const RunState& run, std::span<const CutPlan> cuts);
// Ends an open message as its producer does. If the answer failed, or a limit of length has cut it,
// a half call goes: no tool could take it.
void end_message(Draft& draft, const MessageState& row, MessageEnded end);
// Ends the running run as its producer or a crash does: keeps all that was written.
void end_run(Draft& draft, RunEnded end);

// Puts a new message into the tree. A user's message with text titles a thread that has no title.
void put_new(Draft& draft, Message message);
// Moves the head, if it changes.
void move_head(Draft& draft, const std::optional<MessageId>& head);

// The parent of a run's or message's first new message, for this place in this state.
[[nodiscard]] std::optional<MessageId> resolve(const ThreadState& state, const Place& place);
// Starts a queued run: puts its input into the tree, or ends the run if that can't be, and says
// why. Requires: no run is running.
void start(Draft& draft, std::uint32_t run);
// Starts the next queued run, if no run is running.
void start_next(Draft& draft);
// Why there is no room for this start; null if there is. In a thread with open runs only the queue
// has a bound, because the start waits or replaces the running run. In another thread the running
// runs of its user must leave room, unless another process writes the run.
[[nodiscard]] const char* no_room(const Draft& draft, const StartRun& start);
// Ends all queued runs.
void interrupt_waiting(Draft& draft);

}  // namespace lockstep
