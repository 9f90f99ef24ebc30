// SPDX-License-Identifier: Apache-2.0
// state.h: what the entries of a thread fold to.
//
// Plain rows, each stamped with the timestamp that last changed it; no history and no marks of
// single steps. What a part's length was at an earlier time is found from the entries since
// (past.h).
//
// A message's place in `messages` is its number: given at creation, in order of creation, never
// reused. So the rows are in the order that fronts show siblings in, and the stored entries name
// messages by number. A deleted message stays as a tombstone with its parent: anchors that point at
// it stand for its nearest living ancestor, and its id is not used again. Runs are numbered the
// same way, in the order in which they were queued.
//
// Decisions are made on copies. A copy takes the same time however long the thread is: it copies
// the fields of `thread` (the largest, `metadata`, has a bound in limits.h), at most
// `limits::queued_runs_max` numbers of waiting runs, and the roots of trees that it shares
// (persistent_vector.h, persistent_map.h).
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

struct MessageRow {
  Message message{};             // of a deleted one: only id, parent, role, run, created, updated
  std::vector<Units> lengths{};  // of each part's growing text; 0 for a part that can't grow
  Timestamp whole{};  // when it was created or last put: since then it only grew and was cut
  // The leading parts that its author wrote; behind them stand results that its tool calls were
  // given when nobody would answer them any more. A stop that finds only these beyond what was seen
  // cuts nothing.
  std::uint32_t written = 0;
  bool deleted = false;  // at `message.updated`
  Charge held{};         // while it is a living state's (held.h)
  friend bool operator==(const MessageRow&, const MessageRow&) = default;
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
  std::optional<std::string> model;
  friend bool operator==(const Run&, const Run&) = default;
};

struct RunRow {
  Run run;
  Timestamp updated;                    // its last entry with a run event for it
  std::uint64_t seq = 0;                // the last step taken of the attempt
  bool ended_by_producer = false;       // by its own run_ended step
  std::vector<std::uint32_t> messages;  // the numbers of what it wrote, in order
  std::vector<std::string> cut_calls;   // ids of tool calls that a stop has cut away
  Charge held{};
  friend bool operator==(const RunRow&, const RunRow&) = default;
};

// Changes are counted per user and device.
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

// The last ops of one device, by op, at most `limits::ops_remembered`.
struct DeviceMemory {
  std::deque<Ack> acks;
  Charge held{};
  friend bool operator==(const DeviceMemory&, const DeviceMemory&) = default;
};

// The fields of a thread that fronts see beside its messages and runs.
struct Thread {
  ThreadId id;
  std::string title;
  bool archived = false;
  Json metadata{"{}"};
  std::optional<MessageId> head;
  Timestamp created;
  Timestamp updated;  // its last entry with an event for the thread, its head or a run's status
  bool running = false;
  friend bool operator==(const Thread&, const Thread&) = default;
};

struct ThreadState {
  Thread thread;
  UserId owner;
  Timestamp now;        // the last entry's
  bool titled = false;  // a title was written, by a front or by default
  PersistentVector<MessageRow> messages;
  PersistentMap<MessageId, std::uint32_t> message_numbers;
  PersistentVector<RunRow> runs;
  PersistentMap<RunId, std::uint32_t> run_numbers;
  std::optional<std::uint32_t> running;  // the number of the running run
  std::vector<std::uint32_t> waiting;    // queued runs, next first
  PersistentMap<DeviceKey, DeviceMemory> devices;

  // Null if the thread never had it. A deleted message is found, as a tombstone.
  [[nodiscard]] const MessageRow* message(const MessageId& id) const;
  [[nodiscard]] const RunRow* run(const RunId& id) const;
  // Null if it never was or is deleted.
  [[nodiscard]] const MessageRow* living(const MessageId& id) const;
  // The message itself if it lives, else its nearest living ancestor; nothing: the root.
  [[nodiscard]] std::optional<MessageId> nearest_living(std::optional<MessageId> id) const;
  // Does `id` lie strictly below `ancestor`? Everything lies below the root.
  [[nodiscard]] bool lies_below(const MessageId& id,
                                const std::optional<MessageId>& ancestor) const;
  // From the root to `id`, both included; empty for no id.
  [[nodiscard]] std::vector<const MessageRow*> path(const std::optional<MessageId>& id) const;
};

[[nodiscard]] inline ThreadName name_of(const ThreadState& state) {
  return {state.owner, state.thread.id};
}

}  // namespace lockstep
