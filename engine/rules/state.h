// SPDX-License-Identifier: Apache-2.0
// state.h: the state of a thread, which its entries fold to.
//
// A state has plain rows, each with the timestamp that last changed it. It has no history: past.h
// finds the length of a part at an earlier time from the entries since.
//
// A message's place in `messages` is its number: given at creation, in order of creation, never
// reused. So the rows are in the order in which fronts show siblings, and stored entries name
// messages by number. A deleted message stays as a tombstone with its parent: an anchor that points
// at it stands for its nearest living ancestor, and its id is not used again. Runs are numbered the
// same way, in the order in which they were queued.
//
// Decisions work on copies. A copy takes the same time however long the thread is: it copies the
// fields of `thread` (the largest, `metadata`, has a bound in limits.h), at most
// `limits::queued_runs_max` numbers of waiting runs, some of awaiting ones, and the roots of trees
// that it shares (persistent_vector.h, persistent_map.h).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/base/persistent_map.h"
#include "engine/base/persistent_vector.h"
#include "engine/rules/event.h"

namespace lockstep {

struct MessageState {
  Message message{};             // of a deleted one: only id, parent, role, run, created, updated
  std::vector<Units> lengths{};  // of each part's growing text; 0 for a part that can't grow
  Timestamp whole{};  // when it was created or last put: since then it only grew and was cut
  // The number of leading parts that its author wrote. Parts behind them are results that the end
  // of the run gave to unanswered tool calls. A stop that finds only those beyond what was seen
  // cuts nothing.
  std::uint32_t written = 0;
  bool deleted = false;  // at `message.updated`
  Charge held{};         // of a live state's row (held.h)
  friend bool operator==(const MessageState&, const MessageState&) = default;
};

struct Run {
  RunId id;
  AgentName agent;
  RunStatus status = RunStatus::queued;
  std::uint32_t attempt = 1;
  std::vector<MessageInput> input;  // until it starts; a run that ends unstarted may keep it
  Place place;
  std::optional<Json> params;
  std::optional<MessageId> head;
  std::optional<Timestamp> context_ts;
  std::optional<Hash> settings;
  Timestamp queued;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
  std::optional<RunError> error;
  std::optional<Json> usage;
  std::optional<std::string> model;      // as asked; behind the end, the one that answered
  std::optional<MessageId> continues{};  // the message that its first one goes on from
  std::optional<std::string> finish_reason{};
  std::vector<NotedRepair> repairs{};
  std::optional<Resume> resume{};  // if it asked for it
  friend bool operator==(const Run&, const Run&) = default;
};

struct RunState {
  Run run;
  Timestamp updated;                    // its last entry with a run event for it
  std::uint64_t seq = 0;                // the last step taken of the attempt
  bool ended_by_producer = false;       // by its own EndRun step
  std::vector<std::uint32_t> messages;  // the numbers of the messages that it wrote, in order
  std::vector<std::string> cut_calls;   // ids of tool calls that a stop has cut away
  std::string claim{};                  // AttemptStarted::claim of the attempt: no front sees it
  Charge held{};
  friend bool operator==(const RunState&, const RunState&) = default;
};

// Each device of each user counts its own ops.
struct DeviceKey {
  UserId user;
  DeviceId device;
  friend bool operator==(const DeviceKey&, const DeviceKey&) = default;
};

}  // namespace lockstep

template <>
struct std::hash<lockstep::DeviceKey> {
  std::size_t operator()(const lockstep::DeviceKey& key) const noexcept {
    return std::hash<lockstep::UserId>{}(key.user) * 31 +
           std::hash<lockstep::DeviceId>{}(key.device);
  }
};

namespace lockstep {

// The answers to the last ops of one device, sorted by op, at most `limits::ops_remembered`.
struct DeviceMemory {
  std::deque<Ack> acks;
  Charge held{};
  friend bool operator==(const DeviceMemory&, const DeviceMemory&) = default;
};

// The fields of a thread that fronts see besides its messages and runs.
struct Thread {
  ThreadId id;
  std::string title;
  bool archived = false;
  Json metadata{"{}"};
  std::optional<MessageId> head;
  Timestamp created;
  Timestamp updated;  // its last entry with an event for the thread, its head or a run's status
  bool running = false;
  std::vector<std::string> approved_tools{};  // their calls need no approval in this thread
  friend bool operator==(const Thread&, const Thread&) = default;
};

struct ThreadState {
  Thread thread;
  UserId owner;
  Timestamp now;        // of the last entry; 0 before the first
  bool titled = false;  // a title was written, by a front or by default
  PersistentVector<MessageState> messages;
  PersistentMap<MessageId, std::uint32_t> message_numbers;
  PersistentVector<RunState> runs;
  PersistentMap<RunId, std::uint32_t> run_numbers;
  std::optional<std::uint32_t> running;  // the number of the running run
  std::vector<std::uint32_t> waiting;    // queued runs, next first
  std::vector<std::uint32_t> awaiting;   // ended runs that wait for answers, oldest first
  PersistentMap<DeviceKey, DeviceMemory> devices;

  // Null if the thread never had it. A deleted message is found, as a tombstone.
  [[nodiscard]] const MessageState* message(const MessageId& id) const;
  [[nodiscard]] const RunState* run(const RunId& id) const;
  // Null if the thread never had it, or if it is deleted.
  [[nodiscard]] const MessageState* living(const MessageId& id) const;
  // The message itself if it is not deleted, else its nearest such ancestor; nothing: the root.
  [[nodiscard]] std::optional<MessageId> nearest_living(std::optional<MessageId> id) const;
  // Does `id` lie strictly below `ancestor`? Everything lies below the root.
  [[nodiscard]] bool lies_below(const MessageId& id,
                                const std::optional<MessageId>& ancestor) const;
  // From the root to `id`, both included; empty for no id.
  [[nodiscard]] std::vector<const MessageState*> path(const std::optional<MessageId>& id) const;
};

[[nodiscard]] inline ThreadName name_of(const ThreadState& state) {
  return {state.owner, state.thread.id};
}

}  // namespace lockstep
